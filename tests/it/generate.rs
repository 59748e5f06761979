//! Completions and manual pages, read by the shell and the formatter that they are for.

use crate::support::{Sandbox, has};

#[test]
fn bash_completes_commands_and_flags() {
    if !has("bash") {
        return;
    }
    let sandbox = Sandbox::new();
    let complete = |words: &str| {
        let script = format!(
            "source <(consensus completions bash); COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _consensus consensus \"${{COMP_WORDS[COMP_CWORD]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        sandbox.write("complete.sh", script);
        sandbox.shell("bash complete.sh").exits(0).stdout
    };
    assert_eq!(complete("consensus mig"), "migrate\n");
    assert!(complete("consensus policy ''").contains("rollback"));
    assert!(complete("consensus run --pol").contains("--policy"));
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert!(sandbox.run(["completions", shell]).exits(0).stdout.contains("migrate"), "{shell}");
    }
    sandbox.run(["completions", "csh"]).exits(2);
}

#[test]
fn every_command_has_a_page_that_the_formatter_takes() {
    let sandbox = Sandbox::new();
    let mut open = vec![String::new()];
    let mut pages = 0;
    while let Some(command) = open.pop() {
        let page = format!("consensus man {command} --json");
        let roff = sandbox.shell(&page).exits(0).json()["man"].as_str().unwrap().to_owned();
        pages += 1;
        if has("groff") {
            sandbox.write("page.1", &roff);
            let formatted = sandbox.shell("groff -man -Tutf8 -P-c -P-b -P-o -P-u -ww page.1").exits(0);
            assert!(formatted.stdout.contains("SYNOPSIS"), "{command}\n{formatted}");
        }
        // The commands below it are listed as pages of their own.
        for line in roff.lines().filter_map(|line| line.strip_suffix("(1)")) {
            let name = line.replace("\\-", "-");
            let below: Vec<&str> = name.split('-').skip(1).collect();
            if below.last() != Some(&"help") {
                open.push(below.join(" "));
            }
        }
    }
    assert!(pages > 20, "{pages}");
    let wrong = sandbox.run(["man", "policy", "nope"]).exits(2);
    assert!(
        wrong.stderr.contains("`consensus policy` has no command `nope`")
            && wrong.stderr.contains("rollback")
    );
}
