//! What must hold in a pack, beyond its shape. The first thing that does not is refused by its field.

use std::collections::BTreeSet;

use super::super::heading::normalised;
use super::{CORE_ID, Common, Hazard, Kind, Pack, Reading, Rule, Scope, Severity, Topic};
use crate::domain::refusal::Refusal;

type Checked = Result<(), Refusal>;

/// Ids of packs that would take the place of something else among the inputs.
const RESERVED: [&str; 1] = ["suppressions"];

/// Checks a whole pack.
pub(super) fn pack(pack: &Pack, core: Option<&Pack>) -> Checked {
    holds(is_id(&pack.id), "bad_id", "id", ID)?;
    holds(!pack.version.trim().is_empty(), "blank", "version", "must not be blank")?;
    let own = core.is_some();
    let taken = own && pack.id == CORE_ID || RESERVED.contains(&pack.id.as_str());
    holds(!taken, "taken", "id", "is taken: it names something of the program's own")?;
    let some = !pack.topics.is_empty() || !pack.hazards.is_empty();
    holds(some, "empty_file", "", "there is no rule; begin one with `[[topic]]` or `[[hazard]]`")?;
    let most = !own || pack.topics.len() + pack.hazards.len() <= MOST_RULES;
    holds(most, "too_many", "", &format!("there are more than {MOST_RULES} rules in it"))?;
    let scope = Known { pack, core };
    for (name, patterns) in &pack.words {
        let field = format!("words.{name}");
        holds(is_id(name), "bad_id", &field, ID)?;
        holds(!patterns.is_empty(), "empty_list", &field, "must not be empty")?;
        check_patterns(&field, patterns)?;
    }
    let mut ids = BTreeSet::new();
    for (index, rule) in pack.topics.iter().enumerate() {
        let field = format!("topic[{index}]");
        scope.common(&rule.common, &mut ids).and_then(|()| topic(&rule.own)).map_err(|r| r.under(&field))?;
    }
    for (index, rule) in pack.hazards.iter().enumerate() {
        let field = format!("hazard[{index}]");
        scope
            .common(&rule.common, &mut ids)
            .and_then(|()| scope.hazard(rule))
            .map_err(|r| r.under(&field))?;
    }
    for (index, kind) in pack.kinds.iter().enumerate() {
        check_kind(kind).map_err(|refusal| refusal.under(&format!("kind[{index}]")))?;
    }
    pack.reading.iter().try_for_each(|words| reading(words, pack).map_err(|r| r.under("reading")))
}

/// A file of people's own has so many rules at most.
const MOST_RULES: usize = 100;

const ID: &str = "takes lower-case letters, digits and `-`, a letter first";

fn is_id(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_lowercase())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn holds(holds: bool, code: &'static str, field: &str, problem: &str) -> Checked {
    if holds { Ok(()) } else { Err(Refusal::new(code, field, problem)) }
}

fn not_blank(field: &str, text: &str) -> Checked {
    holds(!text.trim().is_empty(), "blank", field, "must not be blank")
}

fn plain_words(field: &str, words: &[String]) -> Checked {
    words.iter().enumerate().try_for_each(|(index, word)| {
        let bare = word.strip_prefix('=').unwrap_or(word);
        let plain = !bare.is_empty() && normalised(bare) == *bare;
        let problem = format!("`{word}` must be lower-case words without punctuation or numbering");
        holds(plain, "bad_words", &format!("{field}[{index}]"), &problem)
    })
}

/// What a rule may name.
struct Known<'a> {
    pack: &'a Pack,
    core: Option<&'a Pack>,
}

impl<'a> Known<'a> {
    fn common(&self, rule: &'a Common, ids: &mut BTreeSet<&'a str>) -> Checked {
        holds(is_id(&rule.id), "bad_id", "id", ID)?;
        holds(ids.insert(&rule.id), "taken", "id", &format!("there is another rule `{}`", rule.id))?;
        let kinds = &self.core.unwrap_or(self.pack).kinds;
        for kind in rule.for_kind.keys() {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.id.as_str()).collect();
            let problem = format!("there is no kind `{kind}`; there are {}", names.join(", "));
            holds(names.contains(&kind.as_str()), "unknown_value", &format!("for_kind.{kind}"), &problem)?;
        }
        let examples = [("finds", &rule.finds), ("leaves", &rule.leaves)];
        for (field, texts) in examples {
            texts
                .iter()
                .enumerate()
                .try_for_each(|(index, text)| not_blank(&format!("{field}[{index}]"), text))?;
        }
        not_blank("advice", &rule.advice)
    }

    fn hazard(&self, Rule { common, own: rule }: &Rule<Hazard>) -> Checked {
        let ways = [!rule.patterns.is_empty(), !rule.together.is_empty(), rule.abbreviations_but.is_some()];
        holds(ways.contains(&true), "missing_field", "patterns", "there is nothing to look for")?;
        check_patterns("patterns", &rule.patterns)?;
        check_patterns("unless", &rule.unless)?;
        check_patterns("unless_anywhere", &rule.unless_anywhere)?;
        for (index, names) in rule.together.iter().enumerate() {
            let field = format!("together[{index}]");
            holds(names.len() > 1, "empty_list", &field, "takes two names of words or more")?;
            let has = |name: &String| {
                self.pack.words.contains_key(name)
                    || self.core.is_some_and(|core| core.words.contains_key(name))
            };
            let problem = || {
                let unknown = names.iter().find(|name| !has(name)).map(String::as_str).unwrap_or_default();
                format!("there is no list of words `{unknown}`")
            };
            holds(names.iter().all(has), "unknown_value", &field, &problem())?;
        }
        let in_source = rule.scope == Scope::Everywhere;
        let only = rule.together.is_empty() && rule.abbreviations_but.is_none();
        holds(!in_source || only, "unknown_value", "scope", "`everywhere` goes with patterns alone")?;
        let blocks = common.severity == Severity::Blocking;
        let problem = "only a blocking rule can be security-critical";
        holds(!rule.security_critical || blocks, "unknown_value", "security_critical", problem)?;
        let hidden = !rule.secret || !rule.text.contains("{matches}");
        holds(hidden, "unknown_value", "text", "a secret is not repeated: leave `{matches}` out")?;
        not_blank("text", &rule.text)
    }
}

fn topic(rule: &Topic) -> Checked {
    holds(!rule.headings.is_empty(), "empty_list", "headings", "must not be empty")?;
    plain_words("headings", &rule.headings)?;
    check_patterns("phrases", &rule.phrases)?;
    let described = rule.phrases.is_empty() == rule.phrases_in_words.trim().is_empty();
    holds(described, "missing_field", "phrases_in_words", "goes with `phrases`: both or neither")?;
    not_blank("about", &rule.about)
}

fn check_kind(kind: &Kind) -> Checked {
    not_blank("id", &kind.id)?;
    not_blank("name", &kind.name)?;
    plain_words("headings", &kind.headings)?;
    plain_words("unless_headings", &kind.unless_headings)?;
    check_patterns("fields", &kind.fields)
}

fn reading(reading: &Reading, pack: &Pack) -> Checked {
    plain_words("placeholders", &reading.placeholders)?;
    plain_words("aside_headings", &reading.aside_headings)?;
    plain_words("past_headings", &reading.past_headings)?;
    plain_words("assumption_headings", &reading.assumption_headings)?;
    plain_words("non_goal_headings", &reading.non_goal_headings)?;
    check_patterns("proposing", &reading.proposing)?;
    check_patterns("past_words", &reading.past_words)?;
    check_patterns("introductions", &reading.introductions)?;
    check_patterns("boundaries", &reading.boundaries)?;
    check_patterns("boundaries_after", &reading.boundaries_after)?;
    check_patterns("denials", &reading.denials)?;
    check_patterns("rejections", &reading.rejections)?;
    check_patterns("rejections_after", &reading.rejections_after)?;
    let known = |id: &str| pack.topics.iter().any(|topic| topic.common.id == id);
    holds(known(&reading.problem_topic), "unknown_value", "problem_topic", "is no topic of this pack")?;
    holds(known(&reading.solution_topic), "unknown_value", "solution_topic", "is no topic of this pack")
}

/// Checks what can be checked of patterns without compiling them.
fn check_patterns(field: &str, patterns: &[String]) -> Checked {
    patterns.iter().enumerate().try_for_each(|(index, pattern)| {
        let field = format!("{field}[{index}]");
        not_blank(&field, pattern)?;
        let quantified = [" ?", " *", " +", " {"].iter().any(|sign| pattern.contains(sign));
        let problem = format!("`{pattern}`: a space takes no quantifier, `\\s` does");
        holds(!quantified, "bad_pattern", &field, &problem)
    })
}
