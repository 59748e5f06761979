//! How a person names a run.

use crate::support::Sandbox;

#[test]
fn every_form_finds_the_run() {
    let sandbox = Sandbox::reviewed();
    let dir = sandbox.only_run();
    let id = dir.rsplit('/').next().unwrap().to_owned();
    let whole = sandbox.at(&dir).display().to_string();
    for reference in [
        "good@latest".to_owned(),
        format!("good/{id}"),
        format!("good/{}", &id[..1]),
        id.clone(),
        id[..4].to_owned(),
        dir.clone(),
        format!("./{dir}"),
        format!("./{dir}/manifest.json"),
        whole,
    ] {
        let json = sandbox.run(["show", &reference, "--json"]).exits(0).json();
        assert_eq!(json["run_id"], id.as_str(), "{reference}");
    }
}

#[test]
fn a_path_names_a_run_of_any_store() {
    let sandbox = Sandbox::reviewed();
    let dir = sandbox.only_run();
    let outcome = sandbox.shell(&format!("mkdir elsewhere && cd elsewhere && consensus verify ../{dir}"));
    assert_eq!(outcome.status, Some(0), "{outcome}");
}

#[test]
fn what_is_not_there_or_could_be_several_is_said() {
    let sandbox = Sandbox::reviewed();
    let id = sandbox.only_run().rsplit('/').next().unwrap().to_owned();
    sandbox.run(["run", "good.md", "--job", "other"]).exits(0);
    // Two runs of one id, as two jobs of an older tool could have.
    sandbox.shell(&format!("cp -r artifacts/good/{id} artifacts/other/")).exits(0);
    for (reference, status, code) in [
        ("zzzz", 4, "not_found"),
        ("good/zzzz", 4, "not_found"),
        ("nowhere@latest", 4, "not_found"),
        ("./nowhere", 4, "not_found"),
        ("abc", 2, "bad_reference"),
        ("a/b/c", 4, "not_found"),
        ("good", 2, "is_job"),
        ("./good.md", 2, "bad_reference"),
        ("./artifacts/good", 2, "bad_reference"),
        ("good@newest", 2, "bad_reference"),
        ("..", 2, "bad_reference"),
        (id.as_str(), 2, "ambiguous"),
    ] {
        let outcome = sandbox.run(["show", reference, "--json"]).exits(status);
        assert_eq!(outcome.json()["error"]["code"], code, "{reference}\n{outcome}");
    }
}

#[test]
fn without_a_store_it_says_how_to_make_one() {
    let sandbox = Sandbox::new();
    for args in [vec!["list"], vec!["verify", "--all"], vec!["show", "abcd"]] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(sandbox.run(args).exits(4), @r"
            status: 4
            ----- stdout
            ----- stderr
            error: there is no store at `artifacts`
            hint: `consensus run FILE` makes one; --store DIR names another
            -----
            ");
        }
    }
    assert!(sandbox.tree(".").is_empty());
}
