//! What migrating an old store costs beside what its system calls alone cost:
//!
//! - `list`, `audit` and `index`, which need no more of such runs, beside reading every manifest;
//! - `--list-versions` and `--dry-run`, process start and all, beside reading every manifest;
//! - the durable migration beside a bare loop that writes, syncs, links and renames as many files of the
//!   same size in the same batches.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::make::{self, Size};
use super::support::{compare, timed};
use super::{MANIFEST, asked, read};

pub(crate) fn measure(size: Size, rounds: usize) {
    let dir = TempDir::new().unwrap();
    let store = dir.path().join("artifacts");
    make::old(&store, size);
    println!("{} manifests of 1.0.0 in {} jobs", size.all(), size.jobs);
    let reading = || read(&store, MANIFEST);
    reading();
    let survey = |flag: &'static str| {
        let store = &store;
        move || asked(store, 0, &["migrate", flag])
    };
    let floor = "reading every manifest";
    compare(("migrate --list-versions", survey("--list-versions")), (floor, reading), rounds);
    compare(("migrate --dry-run", survey("--dry-run")), (floor, reading), rounds);
    let list = || asked(&store, 0, &["list"]);
    compare(("list", list), (floor, reading), rounds);
    compare(("audit", || asked(&store, 0, &["audit"])), (floor, reading), rounds);
    let index = || {
        let _ = fs::remove_dir_all(store.join(".consensus"));
        asked(&store, 0, &["index"])
    };
    compare(("index, from nothing", index), (floor, reading), rounds);
    fs::remove_dir_all(&store).unwrap();
    durable(dir.path(), size, rounds.min(3));
}

/// Each round has two fresh stores: what was migrated once cannot be migrated again.
fn durable(dir: &Path, size: Size, rounds: usize) {
    let bytes = {
        let one = dir.join("one");
        make::old(&one, Size { jobs: 1, runs: 1 });
        asked(&one, 0, &["migrate"]);
        fs::read(one.join(make::job(0)).join(make::old_id(0)).join(MANIFEST[0])).unwrap()
    };
    let store = dir.join("artifacts");
    let migrate = || {
        fresh(&store, size);
        asked(&store, 0, &["migrate"])
    };
    let store = dir.join("artifacts");
    let floor = || {
        fresh(&store, size);
        timed(|| bare(&store, size, &bytes))
    };
    compare(("migrate", migrate), ("its writes, links, renames and syncs", floor), rounds);
}

fn fresh(store: &Path, size: Size) {
    let _ = fs::remove_dir_all(store);
    make::old(store, size);
    sync(store);
}

/// The same calls in the same batches.
fn bare(store: &Path, size: Size, bytes: &[u8]) {
    let dirs: Vec<PathBuf> = (0..size.all())
        .map(|number| store.join(make::job(number / size.runs)).join(make::old_id(number)))
        .collect();
    for batch in dirs.chunks(consensus::store::batch_size()) {
        for dir in batch {
            let mut file = File::create_new(dir.join(".manifest.json.tmp")).unwrap();
            file.write_all(bytes).unwrap();
        }
        sync(store);
        for dir in batch {
            fs::hard_link(dir.join("manifest.json"), dir.join("manifest.json.backup")).unwrap();
            fs::rename(dir.join(".manifest.json.tmp"), dir.join("manifest.json")).unwrap();
        }
        sync(store);
    }
}

fn sync(dir: &Path) {
    let dir = File::open(dir).unwrap();
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(&dir).unwrap();
    #[cfg(not(target_os = "linux"))]
    dir.sync_all().unwrap();
}
