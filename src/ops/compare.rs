//! `compare`: groups of runs side by side, from the index.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::index::query;
use super::walk::no_runs;
use super::{Answered, IndexReport, OpsError, QueryOptions, Row, Workspace};
use crate::domain::compare::{By, Compared, Comparison, Group, Vote};
use crate::domain::decision::Label;
use crate::domain::facts::Cell;
use crate::domain::ids::JobId;
use crate::domain::json::Value;
use crate::store::Store;

/// Which runs, and by what.
#[derive(Debug, Clone)]
pub struct CompareOptions {
    /// By what they are grouped.
    pub by: By,
    /// Only this job's runs.
    pub job: Option<JobId>,
    /// It may take so long.
    pub timeout: Duration,
}

/// What was found.
#[derive(Debug)]
pub struct CompareReport {
    /// The groups, by value.
    pub groups: Vec<Group>,
    /// How current the answer is.
    pub index: IndexReport,
}

/// Sets groups of runs side by side.
///
/// # Errors
/// As [`query`]; [`OpsError`] where there is no such job.
pub fn compare(
    workspace: &Workspace<'_>,
    options: &CompareOptions,
    interrupted: &Arc<AtomicBool>,
) -> Result<CompareReport, OpsError> {
    let group = match options.by {
        By::PromptSetVersion => "prompt_set_version",
        By::Model => "model",
        By::PolicyVersion => "policy_name || '@' || policy_version",
        By::Sample => "CAST(sample AS TEXT)",
    };
    // A run that does not record its inputs is a question of its own.
    let question = format!(
        "SELECT coalesce({group}, 'unknown'), coalesce(question, job_id || '/' || id), decision_label, \
         overall_weighted_confidence, \
         (SELECT json_group_array(json_array(persona_id, confidence_score, blocking_issues_present)) \
          FROM persona_reviews p WHERE p.job_id = runs.job_id AND p.run_id = runs.id) \
         FROM runs WHERE :job IS NULL OR job_id = :job ORDER BY 2, job_id, id"
    );
    let job = options.job.clone();
    let named = vec![("job".to_owned(), Cell::text(job.as_ref().map(ToString::to_string)))];
    let mut rows = Rows::default();
    let options = QueryOptions { question, named, timeout: options.timeout };
    let index = query(workspace, &options, interrupted, &mut rows)?;
    let groups = rows.0.finish();
    if groups.is_empty() {
        no_runs(&Store::open(&workspace.store)?, job.as_ref())?;
    }
    Ok(CompareReport { groups, index })
}

#[derive(Default)]
struct Rows(Comparison);

impl Answered for Rows {
    fn columns(&mut self, _: &[String]) -> Result<(), String> {
        Ok(())
    }

    fn row(&mut self, row: &Row) -> Result<(), String> {
        let [Cell::Text(group), Cell::Text(question), decision, confidence, votes] = &row[..] else {
            return Err("a run has another form than it should".to_owned());
        };
        let decision = [Label::Approve, Label::Revise, Label::Reject]
            .into_iter()
            .find(|label| *decision == Cell::Text(label.to_string()));
        let confidence = if let Cell::Real(confidence) = confidence { Some(*confidence) } else { None };
        let votes = if let Cell::Text(votes) = votes { read(votes) } else { Vec::new() };
        self.0.add(&Compared {
            group: group.clone(),
            question: question.clone(),
            decision,
            confidence,
            votes,
        });
        Ok(())
    }
}

fn read(votes: &str) -> Vec<Vote> {
    let Ok(votes) = Value::parse(votes.as_bytes()) else { return Vec::new() };
    let number =
        |value: &Value| if let Value::Number(text) = value { text.parse::<f64>().ok() } else { None };
    let vote = |vote: &Value| {
        let [persona, score, blocks] = vote.items() else { return None };
        Some(Vote {
            persona: persona.as_str()?.to_owned(),
            score: number(score)?,
            blocks: number(blocks)? > 0.0,
        })
    };
    votes.items().iter().filter_map(vote).collect()
}
