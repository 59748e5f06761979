//! Reports: what they say, and that nothing in a document becomes more than text in them.

use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::support::{Sandbox, fixture, good};

/// A proposal whose every part wants to be more than text.
const HOSTILE: &str = "# <script>alert(1)</script> [x](javascript:alert(1)) | pipe\n\n\
## Problem\n\nAsk @everyone about #1, see https://evil.example/?a=1 and www.evil.example. \
<img src=x onerror=alert(1)> **bold** `code` \u{202e}turned\u{1b}[31m. ![i](http://evil.example/i.png)\n\n\
## Design\n\n- [ ] Passwords are stored in plain text in the table </dd></main><h1>x</h1> @me `a|b`.\n\n> quoted\n";

fn reviewed(text: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("doc.md", text);
    sandbox.run(["run", "doc.md"]).exits(0);
    sandbox
}

fn report(sandbox: &Sandbox, format: &str) -> String {
    sandbox.run(["report", "doc@latest", "--format", format]).exits(0).stdout
}

#[test]
fn each_form_says_what_was_decided_why_and_how_to_check_it() {
    let sandbox = reviewed(&fixture("hazards.md"));
    let before = sandbox.tree("artifacts");
    for format in ["md", "html"] {
        let text = report(&sandbox, format);
        assert_eq!(text, report(&sandbox, format), "the same bytes each time");
        for said in [
            "0.725",
            "below the approve threshold 0.8",
            "Switching off a check of certificates",
            "security-critical",
            "Keep verification on",
            "Minority reports",
            "Acceptance criteria",
            "default@1",
            "consensus verify doc/",
        ] {
            assert!(text.contains(said), "{format}: {said}\n{text}");
        }
    }
    let json = sandbox.run(["report", "doc@latest", "--format", "json"]).exits(0).json();
    assert_eq!(json, sandbox.run(["report", "doc@latest", "--json"]).exits(0).json());
    assert_eq!(json["outcome"]["decision"], "revise");
    assert_eq!(json["outcome"]["confidence"], 0.725);
    assert_eq!(json["blocking_issues"][0]["evidence"][0]["start_line"], 15);
    assert_eq!(json["panel"].as_array().unwrap().len(), 5);
    assert!(sandbox.tree("artifacts") == before, "a report writes nothing");
}

#[test]
fn hostile_text_is_inert_in_html() {
    let html = report(&reviewed(HOSTILE), "html");
    assert!(html.contains("default-src 'none'"), "{html}");
    for tag in ["<script", "<img", "<h1>x", "</main><h1>", "<a href=\"h", "src=", "url("] {
        assert!(!html.contains(tag), "{tag}\n{html}");
    }
    assert!(html.contains("&lt;/dd&gt;&lt;/main&gt;&lt;h1&gt;x&lt;/h1&gt;"), "{html}");
    assert!(!html.contains('\u{202e}') && !html.contains('\u{1b}'));
    assert_eq!(html.matches("<h1>").count(), 1);
    assert_eq!(html.matches("<main>").count(), html.matches("</main>").count());
}

#[test]
fn hostile_text_is_inert_in_markdown() {
    let text = report(&reviewed(HOSTILE), "md");
    assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'));
    let mut rendered = String::new();
    for event in Parser::new_ext(&text, Options::all() & !Options::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock) => {
                panic!("{event:?}\n{text}")
            }
            Event::InlineHtml(html) | Event::Html(html) => {
                assert!(matches!(&*html, "<!-- -->" | "<br>"), "{html}\n{text}");
                rendered.push('\u{0}');
            }
            Event::Text(words) | Event::Code(words) => rendered.push_str(&words),
            _ => {}
        }
    }
    // What a code host would take for a mention, an issue or an address is parted.
    for word in ["@everyone", "@me", "#1", "https://", "www.evil"] {
        assert!(!rendered.contains(word), "{word}\n{rendered}");
    }
    assert!(rendered.contains("</dd></main><h1>x</h1>"), "{rendered}");
}

#[test]
fn sarif_points_at_the_lines_of_the_document() {
    for text in [fixture("hazards.md"), fixture("careless.md"), HOSTILE.to_owned()] {
        let sandbox = reviewed(&text);
        let shown = sandbox
            .run(["report", "doc@latest", "--format", "sarif", "--document", "./docs/a b.md"])
            .exits(0);
        let log: serde_sarif::sarif::Sarif = serde_json::from_str(&shown.stdout).unwrap();
        let run = &log.runs[0];
        let (results, rules) = (run.results.as_ref().unwrap(), run.tool.driver.rules.as_ref().unwrap());
        assert!(!results.is_empty() && run.tool.driver.semantic_version.is_some());
        let lines: Vec<&str> = text.lines().collect();
        for result in results {
            assert!(rules.iter().any(|rule| Some(&rule.id) == result.rule_id.as_ref()), "{result:?}");
            let place = result.locations.as_ref().unwrap()[0].physical_location.as_ref().unwrap();
            let file = place.artifact_location.as_ref().unwrap().uri.as_deref();
            assert_eq!(file, Some("docs/a%20b.md"));
            let region = place.region.as_ref().unwrap();
            let start = usize::try_from(region.start_line.unwrap()).unwrap();
            // What is missing stands nowhere.
            let end = region.end_line.map_or(1, |end| usize::try_from(end).unwrap());
            assert!(start <= end && end <= lines.len(), "{result:?}");
        }
        assert!(run.invocations.as_ref().unwrap()[0].execution_successful);
        if text.contains("Single sign-on") {
            let found = |result: &serde_sarif::sarif::Result| {
                let place = result.locations.as_ref().unwrap()[0].physical_location.clone().unwrap();
                let region = place.region.unwrap();
                (result.rule_id.clone().unwrap(), region.start_line.unwrap(), region.end_line.unwrap())
            };
            let found: Vec<_> = results.iter().map(found).collect();
            let expected = [("plaintext-credentials", 15, 16), ("verification-disabled", 16, 17)];
            assert_eq!(found, expected.map(|(rule, start, end)| (rule.to_owned(), start, end)));
        }
    }
    let sandbox = reviewed(&fixture("hazards.md"));
    let json = sandbox.run(["report", "doc@latest", "--format", "sarif"]).exits(0).json();
    let first = &json["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(
        (&first["artifactLocation"]["uri"], &first["region"]["startLine"]),
        (&"idea.md".into(), &15.into())
    );
    sandbox.run(["report", "doc@latest", "--format", "sarif", "--json"]).exits(2);
    for document in ["", "-", ".", "dir/", "../x.md", "/abs/x.md"] {
        sandbox.run(["report", "doc@latest", "--format", "sarif", "--document", document]).exits(2);
    }
    sandbox.run(["report", "doc@latest", "--document", "docs/x.md"]).exits(2);
    let undecided = crate::migrate::example();
    let json = undecided.run(["report", "ig-test-001/abc123", "--format", "sarif"]).exits(0).json();
    assert_eq!(json["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn junit_fails_what_blocks() {
    for (text, failures) in [(good(), 0), (fixture("hazards.md"), 2), (HOSTILE.to_owned(), 2)] {
        let shown = report(&reviewed(&text), "junit");
        let read = quick_junit::Report::deserialize_from_str(&shown)
            .unwrap_or_else(|error| panic!("{error}\n{shown}"));
        assert_eq!((read.tests, read.failures, read.errors), (6, failures, 0), "{shown}");
        let suite = &read.test_suites[0];
        assert_eq!(suite.test_cases.len(), 6);
        let failing = suite
            .test_cases
            .iter()
            .filter(|case| matches!(case.status, quick_junit::TestCaseStatus::NonSuccess { .. }));
        assert_eq!(failing.count(), failures, "{shown}");
    }
    let sandbox = crate::migrate::example();
    let shown = sandbox.run(["report", "ig-test-001/abc123", "--format", "junit"]).exits(0).stdout;
    let read = quick_junit::Report::deserialize_from_str(&shown).unwrap();
    assert_eq!((read.tests, read.failures, read.errors), (1, 0, 1), "{shown}");
}

#[test]
fn line_ends_and_tabs_are_as_they_look() {
    let text = "# T\r\n\r\n## Design\r\n\r\nWe store\r\npasswords\tin plain text\r\nhere.\r\n";
    let sandbox = reviewed(text);
    for format in ["md", "html", "junit"] {
        let shown = report(&sandbox, format);
        assert!(!shown.contains("u{") && shown.contains("in plain text"), "{format}\n{shown}");
    }
}

#[test]
fn a_decision_that_the_manifest_does_not_state_is_not_reported() {
    let sandbox = reviewed(&good());
    let run = sandbox.only_run();
    let manifest = format!("{run}/manifest.json");
    sandbox
        .write(&manifest, sandbox.read(&manifest).replace("\"label\": \"approve\"", "\"label\": \"reject\""));
    for command in ["show", "report"] {
        let outcome = sandbox.run([command, "doc@latest"]).exits(6);
        assert!(outcome.stderr.contains("it says reject"), "{outcome}");
    }
}

#[test]
fn a_run_without_a_decision_has_a_report_too() {
    let sandbox = crate::migrate::example();
    for format in ["md", "html"] {
        let text = sandbox.run(["report", "ig-test-001/abc123", "--format", format]).exits(0).stdout;
        assert!(text.to_lowercase().contains("no decision") && text.contains("unknown"), "{text}");
    }
    sandbox.run(["report", "ig-test-001/nothere"]).exits(4);
    sandbox.run(["report", "ig-test-001/abc123", "--format", "pdf"]).exits(2);
}

#[test]
fn an_approval_reads_as_one() {
    let text = report(&reviewed(&good()), "md");
    assert!(
        text.starts_with("## Panel review: Nightly export of invoices\n\n**APPROVE**, confidence 0.902\n"),
        "{text}"
    );
    assert!(!text.contains("Blocking issues") && !text.contains("\n\n\n"), "{text}");
}
