-- What was read, so that only what changed is read again.
CREATE TABLE seen (
  job_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  stamp TEXT NOT NULL,
  problem TEXT,
  PRIMARY KEY (job_id, run_id)
) WITHOUT ROWID;

-- What a list tells of each.
CREATE TABLE listed (
  job_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  listed TEXT NOT NULL,
  PRIMARY KEY (job_id, run_id)
) WITHOUT ROWID;

CREATE TABLE runs (
  id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  user_id TEXT,
  created_at TEXT,
  updated_at TEXT,
  started_at TEXT,
  completed_at TEXT,
  status TEXT NOT NULL,
  run_type TEXT,
  parent_run_id TEXT,
  input_idea TEXT,
  extra_context TEXT,
  parameters_json TEXT,
  model TEXT,
  temperature REAL,
  schema_version TEXT,
  prompt_set_version TEXT,
  policy_name TEXT,
  policy_version INTEGER,
  overall_weighted_confidence REAL,
  decision_label TEXT,
  retry_count INTEGER,
  project_id TEXT,
  manifest_version TEXT NOT NULL,
  path TEXT NOT NULL,
  sample INTEGER,
  question TEXT,
  calls INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  usd_micros INTEGER NOT NULL,
  PRIMARY KEY (job_id, id)
);
CREATE INDEX runs_by_age ON runs (created_at DESC, id);
CREATE INDEX runs_by_id ON runs (id);

CREATE TABLE proposal_versions (
  run_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  expanded_proposal_json TEXT NOT NULL,
  proposal_diff_json TEXT,
  persona_template_version TEXT,
  edit_notes TEXT,
  PRIMARY KEY (job_id, run_id)
);

CREATE TABLE persona_reviews (
  run_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  persona_id TEXT NOT NULL,
  persona_name TEXT NOT NULL,
  review_json TEXT NOT NULL,
  confidence_score REAL NOT NULL,
  blocking_issues_present INTEGER NOT NULL,
  security_concerns_present INTEGER NOT NULL,
  prompt_parameters_json TEXT,
  created_at TEXT,
  PRIMARY KEY (job_id, run_id, persona_id)
);

CREATE TABLE decisions (
  run_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  decision_json TEXT NOT NULL,
  overall_weighted_confidence REAL NOT NULL,
  decision_notes TEXT,
  created_at TEXT,
  PRIMARY KEY (job_id, run_id)
);

CREATE TABLE step_progress (
  run_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  step_name TEXT NOT NULL,
  step_order INTEGER NOT NULL,
  status TEXT NOT NULL,
  started_at TEXT,
  completed_at TEXT,
  error_message TEXT,
  step_metadata TEXT,
  PRIMARY KEY (job_id, run_id, step_order)
);

CREATE TABLE findings (
  run_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  persona_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  security_critical INTEGER,
  rule_id TEXT,
  start_line INTEGER
);
CREATE INDEX findings_of_run ON findings (job_id, run_id);

CREATE TABLE migrations (
  run_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  from_version TEXT,
  to_version TEXT,
  applied_at TEXT
);
CREATE INDEX migrations_of_run ON migrations (job_id, run_id);

CREATE TABLE policies (
  project_id TEXT NOT NULL PRIMARY KEY,
  current_version INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE policy_versions (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  policy_json TEXT NOT NULL,
  created_at TEXT NOT NULL,
  created_by TEXT NOT NULL,
  change_notes TEXT
);

-- The artifacts that were read.
CREATE TABLE artifacts_seen (
  artifact TEXT NOT NULL PRIMARY KEY,
  stamp TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE sample_selection_versions (
  version_id TEXT NOT NULL PRIMARY KEY,
  cycle_id TEXT,
  report_id TEXT NOT NULL,
  version_number INTEGER NOT NULL,
  version_status TEXT NOT NULL,
  parent_version_id TEXT,
  approved_version_id TEXT,
  version_created_at TEXT NOT NULL,
  version_created_by TEXT NOT NULL,
  version_notes TEXT,
  phase_name TEXT NOT NULL,
  run_id TEXT,
  artifact TEXT NOT NULL
);
CREATE INDEX versions_of_artifact ON sample_selection_versions (artifact);
CREATE INDEX versions_of_report ON sample_selection_versions (report_id);

CREATE TABLE sample_decisions (
  decision_id TEXT NOT NULL PRIMARY KEY,
  version_id TEXT NOT NULL,
  sample_id TEXT NOT NULL,
  sample_data TEXT NOT NULL,
  sample_type TEXT NOT NULL,
  recommendation_source TEXT NOT NULL,
  recommended_by TEXT,
  recommended_at TEXT,
  decision_status TEXT NOT NULL,
  decided_by TEXT,
  decided_at TEXT,
  decision_notes TEXT,
  carried_from_version_id TEXT,
  carried_from_decision_id TEXT,
  modification_reason TEXT,
  derived_from_decision_id TEXT,
  artifact TEXT NOT NULL
);
CREATE INDEX decisions_of_artifact ON sample_decisions (artifact);
CREATE INDEX decisions_of_version ON sample_decisions (version_id);

CREATE TABLE workflow_phase_data (
  data_id TEXT NOT NULL PRIMARY KEY,
  cycle_id TEXT,
  report_id TEXT NOT NULL,
  phase_name TEXT NOT NULL,
  version_number INTEGER NOT NULL,
  version_status TEXT NOT NULL,
  parent_version_id TEXT,
  approved_version_id TEXT,
  phase_data TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  artifact TEXT NOT NULL
);
CREATE INDEX phases_of_artifact ON workflow_phase_data (artifact);

CREATE TABLE approved_artifacts (
  artifact_id TEXT NOT NULL PRIMARY KEY,
  cycle_id TEXT,
  report_id TEXT NOT NULL,
  phase_name TEXT NOT NULL,
  artifact_type TEXT NOT NULL,
  reference_table TEXT NOT NULL,
  reference_id TEXT NOT NULL,
  reference_version INTEGER NOT NULL,
  approved_at TEXT NOT NULL,
  approved_by TEXT NOT NULL,
  approval_notes TEXT,
  run_id TEXT,
  artifact TEXT NOT NULL
);
CREATE INDEX approved_of_artifact ON approved_artifacts (artifact);
