//! What a person reads on a terminal. It reads the same without colour.

mod findings;

use std::collections::HashSet;
use std::fmt::Write as _;

use super::estimated::dollars;
use super::style::{BOLD, DIM, GREEN, RED, YELLOW, of_label, styled};
use super::{artifact, safe};
use crate::domain::budget::Amount;
use crate::domain::check::{Check, Outcome};
use crate::domain::decimal::{Confidence, Score};
use crate::domain::decision::Decision;
use crate::domain::difference::Change;
use crate::domain::policy::PolicyRef;
use crate::domain::step::{RunStatus, StepStatus};
use crate::domain::view::{AttemptView, RunRow, RunView, Unreadable, Verified, VersionLine};

/// A narrower page has no room for bars.
const MIN_BAR_WIDTH: usize = 70;
const BAR: usize = 20;
/// So many letters of a run's id are shown in lists.
pub const SHORT: usize = 12;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The outcome and what to do about it.
    Outcome,
    /// All of it, with provenance.
    Everything,
}

/// Which steps of a run that did not come to its end are done; none where none is.
#[must_use]
pub fn kept(view: &RunView) -> Option<String> {
    let steps = view.manifest.steps.as_deref().unwrap_or_default();
    let done = steps.iter().filter(|step| step.status == StepStatus::Completed);
    let done: Vec<String> = done.map(|step| step.name.to_string()).collect();
    let told = format!("kept: {} of {} steps: {}", done.len(), steps.len(), done.join(", "));
    (!done.is_empty()).then_some(told)
}

/// A page of text, `width` columns wide.
struct Page {
    out: String,
    width: usize,
    /// The document that lines are of, as the user named it.
    document: Option<String>,
}

impl Page {
    fn line(&mut self, text: impl AsRef<str>) {
        self.out.push_str(text.as_ref().trim_end());
        self.out.push('\n');
    }

    fn heading(&mut self, text: &str) {
        self.line("");
        self.line(styled(BOLD, text));
    }

    /// `text` wrapped, the first line after `first`, the others after `rest`.
    fn wrapped(&mut self, first: &str, rest: &str, text: &str) {
        for line in wrap(self.width, first, rest, text) {
            self.line(line);
        }
    }

    /// As [`Self::wrapped`], dimmed.
    fn dim(&mut self, first: &str, rest: &str, text: &str) {
        for line in wrap(self.width, first, rest, text) {
            self.line(styled(DIM, line));
        }
    }
}

pub(super) fn wrap(width: usize, first: &str, rest: &str, text: &str) -> Vec<String> {
    let options =
        textwrap::Options::new(width).initial_indent(first).subsequent_indent(rest).break_words(true);
    textwrap::wrap(text, options).into_iter().map(String::from).collect()
}

/// One run; its findings point at the lines of `document`, where the user named one.
#[must_use]
pub fn run(view: &RunView, replayed: bool, detail: Detail, document: Option<&str>, width: usize) -> String {
    let mut page = Page { out: String::new(), width, document: document.map(safe) };
    headline(&mut page, view, replayed);
    if let Some(decision) = &view.decision {
        why(&mut page, decision);
        panel(&mut page, view);
    }
    findings::findings(&mut page, view, detail);
    if detail == Detail::Everything {
        findings::strengths(&mut page, &view.reviews);
    }
    findings::next_steps(&mut page, view, detail);
    if let Some(decision) = &view.decision {
        minority(&mut page, decision);
    }
    findings::silenced(&mut page, &view.reviews);
    findings::read_as(&mut page, view);
    if detail == Detail::Everything {
        provenance(&mut page, view);
        for version in &view.versions {
            page.line(format!("  version     {}", artifact::line(version)));
        }
    }
    record(&mut page, view);
    page.out
}

fn headline(page: &mut Page, view: &RunView, replayed: bool) {
    let manifest = &view.manifest;
    let title = view.proposal.as_ref().and_then(|proposal| proposal.title.as_ref());
    let name = title.map_or_else(|| manifest.job_id.to_string(), |title| safe(title.as_str()));
    let outcome = match &view.decision {
        Some(decision) => {
            let label = decision.decision.to_string().to_uppercase();
            format!(
                "{}  {}",
                styled(of_label(decision.decision), label),
                percent(decision.weighted_confidence)
            )
        }
        None => styled(YELLOW, manifest.status.to_string().to_uppercase()),
    };
    let under =
        manifest.policy.as_ref().map(|policy| format!(" under {}@{}", safe(&policy.name), policy.version));
    let under = under.unwrap_or_default();
    let again = format!("  (reviewed before{under}; nothing was done)");
    let again = if replayed { styled(DIM, again) } else { String::new() };
    page.line(format!("{outcome}  {}{again}", styled(BOLD, name)));
    if let Some(revision) = &view.revision {
        let notes = revision.notes.as_ref().map(|notes| format!(": {}", safe(notes))).unwrap_or_default();
        page.dim("  ", "  ", &format!("revision of {}/{}{notes}", manifest.job_id, revision.parent));
        if let Some(change) = &revision.change {
            page.dim("  ", "  ", &changed(change));
        }
    }
    let silenced: usize = view.reviews.iter().map(|review| review.silenced().len()).sum();
    if silenced > 0 {
        let verb = if silenced == 1 { "does" } else { "do" };
        let findings = counted(silenced, "silenced finding");
        page.line(styled(YELLOW, format!("  {findings} {verb} not count; see below")));
    }
    if let Some(error) = &manifest.error {
        let step = error.step.as_ref().map(|step| format!(" in step {step}")).unwrap_or_default();
        page.line(format!("  {}{step}", styled(RED, safe(&error.code))));
    }
}

/// What became of the run that a revision revises.
pub(super) fn changed(change: &Change) -> String {
    let Change { decision, weighted_confidence, gone, came, stayed } = change;
    let was = decision.map(|label| format!("was {}", label.to_string().to_uppercase()));
    let was = was.unwrap_or_else(|| "was undecided".to_owned());
    let confidence = weighted_confidence.map(|value| format!(" {value}")).unwrap_or_default();
    format!("{was}{confidence}; findings: {gone} gone, {came} new, {stayed} in both")
}

/// The confidence as it decides: exact, never rounded across a threshold.
fn percent(confidence: Confidence) -> String {
    format!("confidence {confidence}")
}

fn why(page: &mut Page, decision: &Decision) {
    page.heading("Why");
    for reason in &decision.reasons {
        page.wrapped("  ", "  ", &safe(reason));
    }
}

fn panel(page: &mut Page, view: &RunView) {
    page.heading("Panel");
    let widest = view.reviews.iter().map(|review| review.persona_name.as_str().chars().count()).max();
    let widest = widest.unwrap_or_default().min(24);
    for review in &view.reviews {
        let name = safe(review.persona_name.as_str());
        let counts = [
            (review.blocking_issues.len(), "blocking"),
            (review.concerns.len(), "concern"),
            (review.strengths.len(), "strength"),
        ];
        let counts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| counted(*count, what))
            .collect();
        let carried = review.carried_from().map(|run| format!("carried from {}", short(&safe(run))));
        let counts: Vec<String> = counts.into_iter().chain(carried).collect();
        let score = review.confidence_score;
        let bar = if page.width < MIN_BAR_WIDTH { String::new() } else { format!("{}  ", bar(score)) };
        page.line(format!("  {name:<widest$}  {score:<5} {bar}{}", styled(DIM, counts.join(", "))));
    }
    for caution in view.cautions() {
        page.dim("  ", "  ", &safe(&caution));
    }
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 || what == "blocking" { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn bar(score: Score) -> String {
    let full = usize::try_from(score.fine() * BAR as u128 / Score::MAX.fine()).unwrap_or(BAR).min(BAR);
    format!("{}{}", "━".repeat(full), styled(DIM, "╌".repeat(BAR - full)))
}

fn minority(page: &mut Page, decision: &Decision) {
    let reports = decision.minority_reports.iter().flatten();
    for (index, report) in reports.enumerate() {
        if index == 0 {
            page.heading("Minority reports");
        }
        let name = safe(report.persona_name.as_str());
        let text = format!("{name} ({}): {}", report.confidence_score, safe(&report.blocking_summary));
        page.wrapped("  ", "    ", &text);
    }
}

fn provenance(page: &mut Page, view: &RunView) {
    let manifest = &view.manifest;
    let unknown = || "unknown".to_owned();
    let or_unknown = |value: &Option<String>| value.as_deref().map_or_else(unknown, safe);
    page.heading("Provenance");
    let created = view.created_at.as_deref().map_or_else(unknown, safe);
    let hash = manifest.inputs_hash.map_or_else(unknown, |hash| hash.to_string());
    let policy = manifest.policy.as_ref().map_or_else(unknown, named_policy);
    for (name, value) in [
        ("created", created),
        ("status", manifest.status.to_string()),
        ("inputs", hash),
        ("policy", policy),
        ("schema", or_unknown(&manifest.data_schema_version)),
        ("manifest", safe(&manifest.schema_version)),
        ("prompt set", or_unknown(&manifest.prompt_set_version)),
        ("reviewers", reviewers(view)),
    ] {
        page.line(format!("  {name:<10}  {value}"));
    }
    for attempt in &view.attempts {
        let ended = attempt.status.map_or_else(|| "not ended".to_owned(), |status| status.to_string());
        let (by, at) = (safe(&attempt.by), safe(&attempt.started_at));
        let PolicyRef { name, version, .. } = &attempt.policy;
        let under = format!("under {}@{version}", safe(name));
        let took = took(attempt).map(|took| format!(", {took}")).unwrap_or_default();
        page.line(format!("  attempt {:<2}  {ended} {under}, begun {at} by {by}{took}", attempt.attempt));
    }
}

/// What an attempt took, where models were asked.
fn took(attempt: &AttemptView) -> Option<String> {
    if attempt.replayed {
        return Some("replayed from a recording".to_owned());
    }
    let Amount { tokens, usd_micros, .. } = attempt.spent;
    let money = if usd_micros == 0 { String::new() } else { format!(", {}", dollars(usd_micros)) };
    let requests = counted(attempt.calls, "request");
    let most = if attempt.is_at_most { "at most " } else { "" };
    (attempt.calls > 0).then(|| format!("{requests}, {most}{tokens} tokens{money}"))
}

fn named_policy(policy: &PolicyRef) -> String {
    format!("{}@{}  {}", safe(&policy.name), policy.version, policy.digest)
}

/// The providers and models that were configured, each once.
fn reviewers(view: &RunView) -> String {
    let mut names: Vec<String> = Vec::new();
    for metadata in view.manifest.steps.iter().flatten().filter_map(|step| step.step_metadata.as_ref()) {
        let part = |value: &Option<String>| value.as_deref().map_or_else(|| "unknown".to_owned(), safe);
        let name = format!("{} ({})", part(&metadata.provider), part(&metadata.model));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() { "unknown".to_owned() } else { names.join(", ") }
}

/// The run's directory, as a shell takes it.
fn record_path(view: &RunView) -> String {
    shell_word(&safe(&view.path.display().to_string()))
}

/// The path also names the run for every other command, whatever the store is.
fn record(page: &mut Page, view: &RunView) {
    let path = record_path(view);
    page.line("");
    if let Some(took) = view.attempts.last().and_then(took) {
        page.line(format!("Asked   {took}"));
    }
    page.line(format!("Record  {path}"));
    if let Some(parent) = &view.manifest.parent_run_id {
        let parent = view.path.with_file_name(parent.as_str());
        let parent = shell_word(&safe(&parent.display().to_string()));
        page.line(format!("Change  consensus diff {parent} {path}"));
    }
    if view.manifest.status == RunStatus::Completed {
        page.line(format!("Check   consensus verify {path}"));
    }
}

/// A path as a shell takes it.
fn shell_word(path: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "/._-+,:@".contains(letter);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// The beginning of a run's id.
fn short(run: &str) -> &str {
    run.get(..SHORT).unwrap_or(run)
}

/// How a list of runs is laid out, one a line.
#[derive(Debug)]
pub struct List {
    /// How long the longest name of a job is, in bytes.
    pub widest_job: usize,
    /// The beginnings, as long as [`SHORT`], of ids that are not told apart by them.
    pub alike: HashSet<String>,
}

impl List {
    /// What stands above the columns.
    #[must_use]
    pub fn head(&self) -> String {
        let width = self.job_width();
        let header = format!(
            "{:<SHORT$}  {:<9} {:<10} {:<width$}  {}",
            "RUN", "OUTCOME", "CONFIDENCE", "JOB", "CREATED (UTC)"
        );
        styled(DIM, header) + "\n"
    }

    /// A run, and the versions that hold its findings.
    #[must_use]
    pub fn run(&self, row: &RunRow, versions: &[&VersionLine]) -> String {
        let (width, job) = (self.job_width(), row.job_id.as_str());
        let confidence = row.weighted_confidence.map_or_else(|| "-".to_owned(), |value| value.to_string());
        let mut out = format!(
            "{:<SHORT$}  {} {confidence:<10} {job:<width$}  {}\n",
            self.short(row.run_id.as_str()),
            outcome(row),
            styled(DIM, created(row))
        );
        for version in versions {
            let _ = writeln!(out, "{:<SHORT$}  {}", "", artifact::line(version));
        }
        out
    }

    /// As many letters of a run's id as tell it from every other run of the list.
    fn short<'a>(&self, run: &'a str) -> &'a str {
        if self.alike.contains(short(run)) { run } else { short(run) }
    }

    fn job_width(&self) -> usize {
        self.widest_job.clamp(3, 40)
    }
}

/// What stands below a list of so many runs.
#[must_use]
pub fn list_end(shown: usize, total: usize, unreadable: &[Unreadable], is_filtered: bool) -> String {
    let mut out = String::new();
    if total == 0 {
        out.push_str(if is_filtered { "no such runs\n" } else { "no runs yet\n" });
    } else if total > shown + unreadable.len() {
        let _ = writeln!(out, "{}", styled(DIM, format!("{shown} of {total} runs")));
    }
    for broken in unreadable {
        let _ = writeln!(out, "{} {}", styled(RED, "unreadable"), safe(&broken.problem));
    }
    out
}

/// What was decided, or else how the run stands, as a column.
pub(super) fn outcome(row: &RunRow) -> String {
    match row.decision {
        Some(label) => styled(of_label(label), format!("{label:<9}", label = label.to_string())),
        None => format!("{:<9}", row.status.to_string()),
    }
}

/// When the run was made, to the minute.
pub(super) fn created(row: &RunRow) -> String {
    row.created_at.as_deref().map_or_else(|| "unknown".to_owned(), minute)
}

/// A recorded time to the minute; the whole of it is in the JSON form.
pub(super) fn minute(at: &str) -> String {
    safe(&at.chars().take(16).collect::<String>().replace('T', " "))
}

/// What was checked; with `all` the checks that hold too.
#[must_use]
pub fn verified(verified: &Verified, all: bool) -> String {
    let mut out = String::new();
    let count = |outcome| verified.checks.iter().filter(|check| check.outcome == outcome).count();
    let mark = if verified.holds() { styled(GREEN, "ok  ") } else { styled(RED, "FAIL") };
    let _ = write!(out, "{mark}  {}  {} passed", safe(&verified.subject), count(Outcome::Pass));
    for (outcome, what) in [(Outcome::Skipped, "skipped"), (Outcome::Fail, "failed")] {
        if count(outcome) > 0 {
            let _ = write!(out, ", {} {what}", count(outcome));
        }
    }
    out.push('\n');
    for check in verified.checks.iter().filter(|check| all || check.failed()) {
        out.push_str(&one_check(check));
    }
    if let Some(head) = verified.head.filter(|_| all) {
        let _ = writeln!(out, "  {}  {head}", styled(DIM, "head"));
    }
    out
}

fn one_check(check: &Check) -> String {
    let word = match check.outcome {
        Outcome::Pass => styled(GREEN, "pass   "),
        Outcome::Fail => styled(RED, "fail   "),
        Outcome::Skipped => styled(DIM, "skipped"),
    };
    let detail = if check.detail.is_empty() { String::new() } else { format!(": {}", safe(&check.detail)) };
    format!("  {word}  {:<17} {}{detail}\n", check.check, safe(&check.subject))
}

/// The last line of a verification of several.
#[must_use]
pub fn tally(verified: usize, failed: usize) -> String {
    let ok = verified - failed;
    if failed == 0 { format!("{ok} verified, all hold\n") } else { format!("{ok} hold, {failed} failed\n") }
}
