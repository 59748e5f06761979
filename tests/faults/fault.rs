//! The faults that happen to a command: at its system calls, by limits, by the disk, by what cannot be changed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::story::Prepared;
use crate::support::{Outcome, Sandbox, has};

/// Which errors the system may answer a call with, that a program must live with.
const ERRORS: [(&str, &[&str]); 27] = [
    ("openat", &["EIO", "EACCES", "EMFILE", "ENOSPC", "EINTR"]),
    ("openat2", &["EIO", "EMFILE", "ENOSPC", "ENOSYS"]),
    ("read", &["EIO", "EINTR"]),
    ("pread64", &["EIO"]),
    ("write", &["ENOSPC", "EIO", "EINTR", "EDQUOT"]),
    ("writev", &["ENOSPC"]),
    ("pwrite64", &["ENOSPC", "EIO"]),
    ("fsync", &["EIO", "ENOSPC"]),
    ("fdatasync", &["EIO", "ENOSPC"]),
    ("syncfs", &["EIO", "ENOSYS"]),
    ("mkdirat", &["ENOSPC", "EIO", "EACCES"]),
    ("mkdir", &["ENOSPC", "EACCES"]),
    ("renameat", &["EIO", "ENOSPC", "EACCES"]),
    ("renameat2", &["EIO", "ENOSPC", "EINVAL"]),
    ("linkat", &["EIO", "EPERM", "ENOSPC"]),
    ("unlinkat", &["EIO", "EACCES"]),
    ("unlink", &["EIO"]),
    ("ftruncate", &["EIO", "ENOSPC"]),
    ("fchmod", &["EPERM", "EIO"]),
    ("statx", &["EIO", "EACCES"]),
    ("newfstatat", &["EIO", "EACCES"]),
    ("fstat", &["EIO"]),
    ("getdents64", &["EIO"]),
    ("flock", &["ENOLCK", "EINTR"]),
    ("fcntl", &["EINVAL", "ENOLCK"]),
    ("clone3", &["EAGAIN"]),
    ("mmap", &["ENOMEM"]),
];

/// Something that happens to a command.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It is killed at the n-th of such calls of a thread.
    Kill(String, u32),
    /// The n-th of such calls of a thread is refused.
    Refuse(String, &'static str, u32),
    /// It is interrupted at the n-th of such calls of a thread.
    Interrupt(String, u32),
    /// It is killed after so many microseconds, or up to twice as many.
    KillAfter(u32),
    /// A limit, as `prlimit` takes it: what is written ends in the middle.
    Limit(&'static str, u64),
    /// A disk of so many KiB.
    Disk(u32),
    /// This file or directory cannot be changed.
    Immutable(String),
    /// Nobody reads what it prints.
    Closed,
    /// What it prints goes to a full disk.
    Full,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

impl Fault {
    /// What kind of fault it is, for the report.
    pub(crate) fn area(&self) -> String {
        match self {
            Self::Kill(..) => "killed at a system call",
            Self::Refuse(..) => "a system call that is refused",
            Self::Interrupt(..) => "interrupted at a system call",
            Self::KillAfter(_) => "killed at any moment",
            Self::Limit("fsize", _) => "limit on the size of files: short writes",
            Self::Limit("as", _) => "limit on memory",
            Self::Limit(..) => "limit on open files",
            Self::Disk(_) => "a full disk: short writes",
            Self::Immutable(_) => "a file or directory that cannot be changed",
            Self::Closed | Self::Full => "output that is closed or full",
        }
        .to_owned()
    }

    /// Every fault that can happen to a story.
    pub(crate) fn all_of(prepared: &Prepared) -> Vec<Self> {
        let mut all = Vec::new();
        if has("strace") {
            for (call, count) in calls(prepared) {
                let errors =
                    ERRORS.iter().find(|(known, _)| *known == call).map_or(&[][..], |(_, errors)| errors);
                for n in 1..=count {
                    all.push(Self::Kill(call.clone(), n));
                    all.extend(errors.iter().map(|error| Self::Refuse(call.clone(), error, n)));
                    if matches!(&*call, "openat" | "write" | "fsync" | "renameat" | "flock") {
                        all.push(Self::Interrupt(call.clone(), n));
                    }
                }
            }
        }
        all.extend((0..60).map(|step| Self::KillAfter(500 + step * 1500)));
        if has("prlimit") {
            let sizes =
                [0, 1, 7, 40, 100, 500, 512, 1000, 2000, 3000, 4000, 4096, 5000, 9000, 50_000, 123_000];
            all.extend(sizes.map(|size| Self::Limit("fsize", size)));
            all.extend((3..40).map(|count| Self::Limit("nofile", count)));
            all.extend((1..40).map(|step| Self::Limit("as", (step * 8) << 20)));
        }
        if is_root() {
            all.extend((1..70).map(|step| Self::Disk(step * 12)));
            let tree = prepared.template().tree("artifacts");
            let mut places: Vec<String> = tree.keys().map(|path| format!("artifacts/{path}")).collect();
            let dirs =
                |path: &String| Path::new(path).ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>();
            let dirs: std::collections::BTreeSet<_> = places.iter().flat_map(dirs).collect();
            places.extend(
                dirs.into_iter()
                    .filter_map(|dir| Some(dir.to_str()?.to_owned()))
                    .filter(|dir| !dir.is_empty()),
            );
            all.extend(places.into_iter().map(Self::Immutable));
        }
        all.extend([Self::Closed, Self::Full]);
        all
    }

    /// Gives the command while it happens: how it ended, and whether it was killed. None where it did not happen.
    pub(crate) fn happen(&self, prepared: &Prepared, sandbox: &Sandbox) -> Option<(Outcome, bool)> {
        let command = prepared.command();
        let inject = |call: &str, what: &str, n: u32| {
            // The trace lies beside the store, and not in it.
            let trace = format!("strace -f -qqq -o trace -e trace={call} -e inject={call}:{what}:when={n}");
            let outcome = sandbox.shell(&format!("{trace} {command}"));
            let happened = std::fs::read(sandbox.at("trace")).is_ok_and(|text| {
                let text = String::from_utf8_lossy(&text);
                text.contains("INJECTED") || text.contains("SIGKILL") || text.contains("SIGINT")
            });
            happened.then_some(outcome)
        };
        Some(match self {
            Self::Kill(call, n) => (inject(call, "signal=SIGKILL", *n)?, true),
            Self::Refuse(call, error, n) => {
                let outcome = inject(call, &format!("error={error}"), *n)?;
                // Before the program has begun, its libraries end it; a thread or memory may be refused to what can
                // only end then.
                let may_end = matches!(&**call, "mmap" | "clone3")
                    || !outcome.stderr.is_empty() && is_of_loader(&outcome);
                (outcome, may_end)
            }
            Self::Interrupt(call, n) => {
                let outcome = inject(call, "signal=SIGINT", *n)?;
                let may_end = outcome.status.is_none_or(|status| status == 130);
                (outcome, may_end)
            }
            Self::KillAfter(micros) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
                let micros = u64::from(*micros) + u64::from(now) % u64::from(*micros);
                (sandbox.shell(&format!("timeout -s KILL 0.{micros:06} {command}")), true)
            }
            Self::Limit(what, limit) => {
                let outcome = sandbox.shell(&format!("prlimit --{what}={limit} {command}"));
                let may_end = *what == "as" || is_of_loader(&outcome);
                (outcome, may_end)
            }
            Self::Disk(size) => (on_disk(prepared, sandbox, *size)?, false),
            Self::Immutable(path) => {
                if sandbox.shell(&format!("chattr +i '{path}'")).status != Some(0) {
                    return None;
                }
                let outcome = sandbox.shell(&command);
                sandbox.shell(&format!("chattr -R -i '{path}'")).exits(0);
                (outcome, false)
            }
            // How the command ended, and not who read it.
            Self::Closed => (Outcome { status: None, ..sandbox.shell(&format!("{command} | true")) }, true),
            Self::Full => (sandbox.shell(&format!("{command} > /dev/full")), false),
        })
    }
}

/// Whether it was ended before the program began.
fn is_of_loader(outcome: &Outcome) -> bool {
    outcome.stderr.contains("error while loading shared libraries") || outcome.stderr.contains("prlimit:")
}

/// The command in a store that lies on a small disk of its own, which is copied back.
fn on_disk(prepared: &Prepared, sandbox: &Sandbox, size: u32) -> Option<Outcome> {
    std::fs::create_dir_all(sandbox.at("artifacts")).unwrap();
    let mounted = sandbox.shell(&format!("mount -t tmpfs -o size={size}k tmpfs artifacts"));
    if mounted.status != Some(0) {
        return None;
    }
    let from = prepared.template().at("artifacts");
    let copied = !from.exists()
        || sandbox.shell(&format!("cp -a '{}/.' artifacts/", from.display())).status == Some(0);
    let outcome = copied.then(|| sandbox.shell(&prepared.command()));
    sandbox
        .shell(
            "rm -rf kept; cp -a artifacts kept && umount artifacts && rm -rf artifacts && mv kept artifacts",
        )
        .exits(0);
    outcome
}

/// Which calls a command makes, and how often one thread makes each at most.
fn calls(prepared: &Prepared) -> BTreeMap<String, u32> {
    let sandbox = prepared.fresh();
    sandbox.shell(&format!("strace -f -qqq -o trace {}", prepared.command()));
    let trace = std::fs::read(sandbox.at("trace")).unwrap_or_default();
    let mut counts: BTreeMap<(String, String), u32> = BTreeMap::new();
    for line in String::from_utf8_lossy(&trace).lines() {
        let Some((thread, rest)) = line.split_once(char::is_whitespace) else { continue };
        let Some((call, _)) = rest.trim_start().split_once('(') else { continue };
        if call.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
            && !call.starts_with("exit")
        {
            *counts.entry((call.to_owned(), thread.to_owned())).or_default() += 1;
        }
    }
    let mut most: BTreeMap<String, u32> = BTreeMap::new();
    for ((call, _), count) in counts {
        let known = most.entry(call).or_default();
        *known = count.max(*known);
    }
    most
}
