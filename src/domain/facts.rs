//! What an auditor asks of runs, as rows: the tables of the index, filled from what is recorded of a run.

use super::filter::Listed;
use super::ids::{JobId, RunId};

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Not recorded.
    Null,
    /// A whole number, or a flag as 0 or 1.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// Text.
    Text(String),
}

impl Cell {
    /// A text, where it is recorded.
    pub fn text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.into()))
    }

    /// A whole number, where it is recorded; what does not fit is cut.
    #[must_use]
    pub fn count(count: Option<u64>) -> Self {
        count.map_or(Self::Null, |count| Self::Integer(i64::try_from(count).unwrap_or(i64::MAX)))
    }

    /// A flag, where it is recorded.
    #[must_use]
    pub fn flag(flag: Option<bool>) -> Self {
        flag.map_or(Self::Null, |flag| Self::Integer(flag.into()))
    }

    /// An exact decimal as the nearest number that a database has.
    #[must_use]
    pub fn real(decimal: Option<String>) -> Self {
        decimal.and_then(|decimal| decimal.parse().ok()).map_or(Self::Null, Self::Real)
    }
}

/// A table, and its columns in the order of a row's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [&'static str],
}

/// The tables that are filled from runs, the run itself first. Each begins with the run and its job.
pub const OF_RUNS: [Table; 7] = [
    Table {
        name: "runs",
        columns: &[
            "id",
            "job_id",
            "user_id",
            "created_at",
            "updated_at",
            "started_at",
            "completed_at",
            "status",
            "run_type",
            "parent_run_id",
            "input_idea",
            "extra_context",
            "parameters_json",
            "model",
            "temperature",
            "schema_version",
            "prompt_set_version",
            "policy_name",
            "policy_version",
            "overall_weighted_confidence",
            "decision_label",
            "retry_count",
            "project_id",
            "manifest_version",
            "path",
            "sample",
            "question",
            "calls",
            "tokens",
            "usd_micros",
        ],
    },
    Table {
        name: "proposal_versions",
        columns: &[
            "run_id",
            "job_id",
            "expanded_proposal_json",
            "proposal_diff_json",
            "persona_template_version",
            "edit_notes",
        ],
    },
    Table {
        name: "persona_reviews",
        columns: &[
            "run_id",
            "job_id",
            "persona_id",
            "persona_name",
            "review_json",
            "confidence_score",
            "blocking_issues_present",
            "security_concerns_present",
            "prompt_parameters_json",
            "created_at",
        ],
    },
    Table {
        name: "decisions",
        columns: &[
            "run_id",
            "job_id",
            "decision_json",
            "overall_weighted_confidence",
            "decision_notes",
            "created_at",
        ],
    },
    Table {
        name: "step_progress",
        columns: &[
            "run_id",
            "job_id",
            "step_name",
            "step_order",
            "status",
            "started_at",
            "completed_at",
            "error_message",
            "step_metadata",
        ],
    },
    Table {
        name: "findings",
        columns: &[
            "run_id",
            "job_id",
            "persona_id",
            "kind",
            "text",
            "security_critical",
            "rule_id",
            "start_line",
        ],
    },
    Table { name: "migrations", columns: &["run_id", "job_id", "from_version", "to_version", "applied_at"] },
];

/// The tables that are filled from policies.
pub const OF_POLICIES: [Table; 2] = [
    Table { name: "policies", columns: &["project_id", "current_version"] },
    Table {
        name: "policy_versions",
        columns: &["id", "project_id", "version", "policy_json", "created_at", "created_by", "change_notes"],
    },
];

/// The tables that are filled from versioned artifacts. The last column names the artifact.
pub const OF_ARTIFACTS: [Table; 4] = [
    Table {
        name: "sample_selection_versions",
        columns: &[
            "version_id",
            "cycle_id",
            "report_id",
            "version_number",
            "version_status",
            "parent_version_id",
            "approved_version_id",
            "version_created_at",
            "version_created_by",
            "version_notes",
            "phase_name",
            "run_id",
            "artifact",
        ],
    },
    Table {
        name: "sample_decisions",
        columns: &[
            "decision_id",
            "version_id",
            "sample_id",
            "sample_data",
            "sample_type",
            "recommendation_source",
            "recommended_by",
            "recommended_at",
            "decision_status",
            "decided_by",
            "decided_at",
            "decision_notes",
            "carried_from_version_id",
            "carried_from_decision_id",
            "modification_reason",
            "derived_from_decision_id",
            "artifact",
        ],
    },
    Table {
        name: "workflow_phase_data",
        columns: &[
            "data_id",
            "cycle_id",
            "report_id",
            "phase_name",
            "version_number",
            "version_status",
            "parent_version_id",
            "approved_version_id",
            "phase_data",
            "created_at",
            "updated_at",
            "artifact",
        ],
    },
    Table {
        name: "approved_artifacts",
        columns: &[
            "artifact_id",
            "cycle_id",
            "report_id",
            "phase_name",
            "artifact_type",
            "reference_table",
            "reference_id",
            "reference_version",
            "approved_at",
            "approved_by",
            "approval_notes",
            "run_id",
            "artifact",
        ],
    },
];

/// The names of all tables that can be asked.
pub const TABLES: [&str; 13] = [
    "runs",
    "proposal_versions",
    "persona_reviews",
    "decisions",
    "step_progress",
    "findings",
    "migrations",
    "policies",
    "policy_versions",
    "sample_selection_versions",
    "sample_decisions",
    "workflow_phase_data",
    "approved_artifacts",
];

/// What is known of one run: its rows, table by table in the order of [`OF_RUNS`].
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Its job.
    pub job: JobId,
    /// Its id.
    pub run: RunId,
    /// What a list tells of it.
    pub listed: Listed,
    /// The rows of each table.
    pub rows: [Vec<Vec<Cell>>; 7],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_can_be_asked() {
        for table in OF_RUNS.iter().chain(&OF_POLICIES).chain(&OF_ARTIFACTS) {
            assert!(TABLES.contains(&table.name), "{}", table.name);
        }
        for table in &OF_RUNS[1..] {
            assert_eq!(table.columns[..2], ["run_id", "job_id"], "{}", table.name);
        }
    }
}
