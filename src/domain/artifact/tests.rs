//! Every event in every state; laws over generated histories.

use proptest::prelude::*;

use super::*;
use crate::domain::digest::Digest;
use crate::domain::ids::ItemId;
use crate::domain::json::{Value, from_value};
use crate::domain::policy::{Body, PolicyRef};

fn id(text: &str) -> ItemId {
    text.parse().unwrap()
}

fn new_item(name: &str) -> NewItem {
    NewItem {
        item_id: id(name),
        kind: "finding".into(),
        data: Value::parse(format!(r#"{{"text":"{name}"}}"#).as_bytes()).unwrap(),
        source: Source::Manual,
        recommended_by: None,
        recommended_at: None,
        derived_from: None,
        modification_reason: None,
    }
}

/// A history under construction.
#[derive(Default)]
struct Story {
    entries: Vec<Entry>,
    artifact: Artifact,
}

impl Story {
    fn tell(&mut self, by: &str, event: Event) -> Result<(), Guard> {
        let number = self.entries.len() as u64 + 1;
        let entry = Entry { number, at: format!("t{number}"), by: by.into(), event };
        let before = format!("{:?}", self.artifact);
        let told = self.artifact.apply(&entry);
        match &told {
            Ok(()) => self.entries.push(entry),
            Err(_) => assert_eq!(format!("{:?}", self.artifact), before, "what is refused changes nothing"),
        }
        told
    }

    fn number(&self) -> u64 {
        self.artifact.newest().map_or(1, |newest| newest.version)
    }

    /// The event of this word that should be right, wherever it is allowed.
    fn event(&self, word: &str) -> Event {
        let version = self.number();
        let data_digest = self.artifact.data_digest();
        let policy = PolicyRef { name: "default".into(), version: 1, digest: Body::default().digest() };
        let name = format!("i{}", self.entries.len());
        let first = || self.artifact.items().next().map_or(id("a"), |item| item.item_id.clone());
        match word {
            "new" => Event::New {
                version: self.artifact.newest().map_or(1, |newest| newest.version + 1),
                from_run: None,
                note: None,
                kept: vec![],
                items: vec![new_item(&name)],
            },
            "add" => Event::Add { version, items: vec![new_item(&name)] },
            "modify" => Event::Modify {
                version,
                item: first(),
                new: Box::new(NewItem {
                    derived_from: Some(Place { version, item: first() }),
                    modification_reason: Some("because".into()),
                    ..new_item(&name)
                }),
            },
            "decide" => Event::Decide {
                version,
                items: vec![first()],
                decision: Decision::Approved,
                overrules: true,
                note: None,
            },
            "submit" => Event::Submit { version, data_digest, note: None },
            "withdraw" => Event::Withdraw { version, note: None },
            "approve" => {
                Event::Approve { version, data_digest, policy, allow_self_approval: false, note: None }
            }
            _ => Event::Reject { version, note: "no".into() },
        }
    }

    /// A story in which the newest version has this status.
    fn at(status: &str) -> Self {
        let mut story = Self::default();
        let words: &[&str] = match status {
            "none" => &[],
            "draft" => &["new"],
            "submitted" => &["new", "submit"],
            "approved" => &["new", "submit", "decide", "approve"],
            "rejected" => &["new", "submit", "reject"],
            _ => &["new", "submit", "withdraw"],
        };
        for word in words {
            let by = if *word == "approve" { "boss" } else { "maker" };
            story.tell(by, story.event(word)).unwrap();
        }
        story
    }
}

const WORDS: [&str; 8] = ["new", "add", "modify", "decide", "submit", "withdraw", "approve", "reject"];

#[test]
fn every_event_in_every_state_is_allowed_or_refused_by_its_code() {
    let table = [
        (
            "none",
            ["", "not_found", "not_found", "not_found", "not_found", "not_found", "not_found", "not_found"],
        ),
        ("draft", ["draft_exists", "", "", "", "", "", "not_submitted", "not_submitted"]),
        ("submitted", ["draft_exists", "not_draft", "not_draft", "", "not_draft", "", "undecided_items", ""]),
        (
            "approved",
            [
                "",
                "not_draft",
                "not_draft",
                "not_open",
                "not_draft",
                "not_submitted",
                "not_submitted",
                "not_submitted",
            ],
        ),
        (
            "rejected",
            [
                "",
                "not_draft",
                "not_draft",
                "not_open",
                "not_draft",
                "not_submitted",
                "not_submitted",
                "not_submitted",
            ],
        ),
        (
            "withdrawn",
            [
                "",
                "not_draft",
                "not_draft",
                "not_open",
                "not_draft",
                "not_submitted",
                "not_submitted",
                "not_submitted",
            ],
        ),
    ];
    for (status, codes) in table {
        for (word, code) in WORDS.into_iter().zip(codes) {
            let mut story = Story::at(status);
            let told = story.tell("maker", story.event(word));
            let refused = told.err().map_or("", |guard| guard.code());
            assert_eq!(refused, code, "{word} in {status}");
        }
    }
}

#[test]
fn signing_off_is_guarded() {
    let decided = || {
        let mut story = Story::at("submitted");
        story.tell("maker", story.event("decide")).unwrap();
        story
    };
    let refused = |story: &mut Story, by: &str, event: Event| story.tell(by, event).unwrap_err().code();
    let mut story = decided();
    let approve = story.event("approve");
    assert_eq!(refused(&mut story, "maker", approve.clone()), "self_approval");
    assert_eq!(refused(&mut story, " MAKER ", approve), "self_approval", "case and space make nobody else");
    let Event::Approve { version, data_digest, policy, note, .. } = story.event("approve") else { panic!() };
    let allowed = Event::Approve {
        version,
        data_digest,
        policy: policy.clone(),
        note: note.clone(),
        allow_self_approval: true,
    };
    decided().tell("maker", allowed).unwrap();
    let other = Event::Approve {
        version,
        data_digest: Digest::of(b"other"),
        policy,
        note,
        allow_self_approval: false,
    };
    assert_eq!(refused(&mut story, "boss", other), "digest_changed");
    assert_eq!(
        refused(&mut Story::at("submitted"), "other", Story::at("submitted").event("withdraw")),
        "not_submitter"
    );
    let mut story = Story::at("submitted");
    assert_eq!(
        refused(&mut story, "boss", Event::Reject { version: 1, note: " ".into() }),
        "reason_required"
    );
    let mut story = Story::default();
    story
        .tell("maker", Event::New { version: 1, from_run: None, note: None, kept: vec![], items: vec![] })
        .unwrap();
    let submit = story.event("submit");
    assert_eq!(refused(&mut story, "maker", submit), "empty");
}

#[test]
fn approved_items_are_carried_with_their_decisions_and_others_are_left() {
    let mut story = Story::default();
    let items = ["a", "b", "c", "d"].map(new_item).to_vec();
    story.tell("maker", Event::New { version: 1, from_run: None, note: None, kept: vec![], items }).unwrap();
    let decide = |item: &str, decision| Event::Decide {
        version: 1,
        items: vec![id(item)],
        decision,
        overrules: false,
        note: Some("so".into()),
    };
    story.tell("author", decide("a", Decision::Approved)).unwrap();
    story.tell("reviewer", decide("b", Decision::Rejected)).unwrap();
    let new = NewItem {
        derived_from: Some(Place { version: 1, item: id("c") }),
        modification_reason: Some("narrower".into()),
        ..new_item("c2")
    };
    story.tell("owner", Event::Modify { version: 1, item: id("c"), new: Box::new(new) }).unwrap();
    story.tell("maker", story.event("submit")).unwrap();
    story.tell("boss", Event::Reject { version: 1, note: "finish it".into() }).unwrap();
    story
        .tell(
            "maker",
            Event::New { version: 2, from_run: None, note: None, kept: vec![id("b")], items: vec![] },
        )
        .unwrap();
    let shown: Vec<(&str, Decision, Option<&str>, Option<&str>)> = story
        .artifact
        .items()
        .map(|item| {
            (item.item_id.as_str(), item.decision, item.decided_by.as_deref(), item.decided_at.as_deref())
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("a", Decision::Approved, Some("author"), Some("t2")),
            ("b", Decision::Rejected, Some("reviewer"), Some("t3"))
        ]
    );
    assert_eq!(
        story.artifact.item(&id("a")).unwrap().carried_from,
        Some(Place { version: 1, item: id("a") })
    );
    let left: Vec<(String, Decision)> =
        story.artifact.left().into_iter().map(|left| (left.item.to_string(), left.decision)).collect();
    assert_eq!(
        left,
        [("c".into(), Decision::Modified), ("d".into(), Decision::Pending), ("c2".into(), Decision::Pending)]
    );
    let told: Vec<(u64, &str, String)> = lineage(&story.entries, 2, &id("a"))
        .unwrap()
        .into_iter()
        .map(|passage| (passage.version, passage.what, passage.by))
        .collect();
    assert_eq!(
        told,
        [
            (1, "recommended", "maker".into()),
            (1, "approved", "author".into()),
            (2, "carried", "maker".into())
        ]
    );
    let told: Vec<&str> =
        lineage(&story.entries, 1, &id("c2")).unwrap().iter().map(|passage| passage.what).collect();
    assert_eq!(told, ["recommended", "modified", "derived"]);
    assert_eq!(lineage(&story.entries, 2, &id("d")).unwrap_err().1.code(), "no_such_item");
    assert_eq!(lineage(&story.entries, 3, &id("a")).unwrap_err().1.code(), "not_found");
}

#[test]
fn a_finding_is_the_one_that_it_was_before() {
    let finding = |text: &str, rule: Option<&str>, quote: Option<&str>| {
        let rule = rule.map(|rule| format!(r#","rule_id":"{rule}""#)).unwrap_or_default();
        let quote = quote
            .map(|quote| {
                format!(r#","evidence":[{{"quote":"{quote}","start_line":1,"end_line":1,"supported":true}}]"#)
            })
            .unwrap_or_default();
        let data = format!(r#"{{"persona_id":"critic","kind":"concern","text":"{text}"{rule}{quote}}}"#);
        Finding { persona: "critic".into(), is_rule: true, data: Value::parse(data.as_bytes()).unwrap() }
    };
    let mut story = Story::default();
    let items: Vec<NewItem> = [
        ("1", finding("No way back", Some("rollback"), None)),
        ("2", finding("Weak words", Some("vague"), Some("quite  fast"))),
        ("3", finding("Weak words", Some("vague"), Some("rather slow"))),
        ("4", finding("Said  by a model", None, None)),
        ("5", finding("Only line 26 touches it", None, None)),
    ]
    .into_iter()
    .map(|(name, finding)| NewItem { data: finding.data, ..new_item(name) })
    .collect();
    story.tell("maker", Event::New { version: 1, from_run: None, note: None, kept: vec![], items }).unwrap();
    let again = [
        finding("Weak words", Some("vague"), Some("rather slow")),
        finding("There is no way back", Some("rollback"), None),
        finding("Weak words", Some("vague"), Some("another place")),
        finding("Said by a model", None, None),
        finding("New", Some("other"), None),
        finding("Weak words", Some("vague"), Some("quite fast")),
        finding("Said by a model", None, None),
        finding("Only line 4 touches it", None, None),
    ];
    let found: Vec<Option<String>> =
        matched(&story.artifact, &again).into_iter().map(|id| id.map(|id| id.to_string())).collect();
    let some = |id: &str| Some(id.to_owned());
    assert_eq!(found, [some("3"), some("1"), None, some("4"), None, some("2"), None, some("5")]);
}

#[test]
fn names_are_read_as_they_are_written() {
    let read = |text: &str| text.parse::<ArtifactRef>();
    let reference = read("rfc:design@12").unwrap();
    assert_eq!((reference.phase.as_str(), reference.version), ("design", Some(12)));
    assert_eq!(read("rfc").unwrap().phase.as_str(), "proposal");
    assert_eq!(reference.name(None).to_string(), "rfc:design");
    for bad in ["", "rfc@", "rfc@0", "rfc@01", "rfc@x", "rfc:", ":x", "a/b", "../x", "rfc:a:b", "rfc@1@2"] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn state_is_the_fold_and_nothing_decided_is_stamped_again(
        moves in proptest::collection::vec((0..8usize, 0..3usize), 1..60)
    ) {
        let people = ["maker", "boss", "author"];
        let mut story = Story::default();
        for (word, by) in moves {
            let _ = story.tell(people[by], story.event(WORDS[word]));
        }
        // Written and read again, it is the same.
        let artifact = "j".parse::<ArtifactRef>().unwrap().name(None);
        let again: Vec<Entry> = story.entries.iter().map(|entry| {
            let content = entry.event.content(&artifact).without("artifact");
            Entry { event: from_value(&content).unwrap(), ..entry.clone() }
        }).collect();
        prop_assert_eq!(&again, &story.entries);
        let fold = Artifact::fold(&again).unwrap();
        prop_assert_eq!(format!("{:?}", fold.versions()), format!("{:?}", story.artifact.versions()));
        prop_assert_eq!(fold.items().collect::<Vec<_>>(), story.artifact.items().collect::<Vec<_>>());
        let current = fold.versions().iter().filter(|version| version.status == Status::Approved).count();
        prop_assert!(current <= 1);
        let numbers: Vec<u64> = fold.versions().iter().map(|version| version.version).collect();
        prop_assert_eq!(numbers, (1..=fold.versions().len() as u64).collect::<Vec<_>>());
        for item in fold.items() {
            // Who decided it is who the one event said that decided it last.
            let last = story.entries.iter().rev().find(|entry| match &entry.event {
                Event::Decide { items, .. } => items.contains(&item.item_id),
                Event::Modify { item: modified, .. } => *modified == item.item_id,
                _ => false,
            });
            prop_assert_eq!(item.decided_at.as_ref(), last.map(|entry| &entry.at));
            prop_assert_eq!(item.decided_by.as_ref(), last.map(|entry| &entry.by));
            let newest = fold.newest().unwrap().version;
            let told = lineage(&story.entries, newest, &item.item_id).unwrap();
            prop_assert!(told[0].what == "recommended");
        }
    }
}
