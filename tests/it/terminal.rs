//! What a person at a terminal sees, through a real pseudo-terminal.

use crate::support::{Sandbox, good, has};

#[test]
fn progress_shows_on_a_terminal_and_not_when_piped() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    let piped = sandbox.run(["run", "good.md", "--sample", "2"]).exits(0);
    assert_eq!(piped.stderr, "");
    assert!(!piped.stdout.contains('\u{1b}'), "{piped}");
    if !has("script") {
        return;
    }
    let shown = sandbox.shell("TERM=xterm script -qec 'consensus run good.md' /dev/null").exits(0).stdout;
    assert!(shown.contains("/7 "), "progress: {shown:?}");
    assert!(shown.contains("\u{1b}[1m"), "colour: {shown:?}");
    let plain =
        sandbox.shell("TERM=xterm NO_COLOR=1 script -qec 'consensus show good@latest' /dev/null").exits(0);
    assert!(!plain.stdout.contains("\u{1b}["), "{plain}");
    let always = sandbox.run(["show", "good@latest", "--color", "always"]).exits(0);
    assert!(always.stdout.contains("\u{1b}[1m"), "{always}");
}
