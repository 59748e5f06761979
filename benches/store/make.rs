//! Large stores, made quickly.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use consensus::domain::digest::Digest;
use consensus::domain::identity::inputs_hash;

use super::support::{PROGRAM, ends_with, files_of, is_measured};

/// So many runs share a file: file systems limit how many names a file may have.
const SHARED: usize = 10_000;

/// So many jobs with so many runs each.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) jobs: usize,
    pub(crate) runs: usize,
}

const MEASURED: usize = 20_000;

impl Size {
    /// What `BENCH_RUNS` and `BENCH_JOBS` ask for; 200 runs in a job where they do not say.
    pub(crate) fn wanted() -> Self {
        let count = |name: &str| std::env::var(name).ok().and_then(|count| count.parse().ok());
        let all = count("BENCH_RUNS").unwrap_or(if is_measured() { MEASURED } else { 6 });
        let jobs = count("BENCH_JOBS").unwrap_or(all.div_ceil(200)).clamp(1, all);
        Self { jobs, runs: all / jobs }
    }

    /// How often to measure: what takes long is measured once.
    pub(crate) fn rounds(self) -> usize {
        match self.all() {
            0..1000 => 1,
            1000..=MEASURED => 5,
            _ => 1,
        }
    }

    /// How many runs.
    pub(crate) fn all(self) -> usize {
        self.jobs * self.runs
    }

    /// Makes them with several threads: `make` gets the number of each and the name of its job.
    fn each(self, make: impl Fn(usize, &str) + Sync) {
        let next = AtomicUsize::new(0);
        let work = || loop {
            let first = next.fetch_add(SHARED, Ordering::Relaxed);
            if first >= self.all() {
                return;
            }
            for number in first..(first + SHARED).min(self.all()) {
                make(number, &job(number / self.runs));
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    }
}

/// The name of a job.
pub(crate) fn job(number: usize) -> String {
    format!("job-{number:07}")
}

/// A store of completed runs by the rules, every one of which verifies: samples of one run, with names of their own. What
/// is the same in all of them is one file with many names.
pub(crate) fn current(store: &Path, size: Size) {
    let first = store.with_extension("first");
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/good.md");
    ends_with(0, Command::new(PROGRAM).args(["run", document, "--store"]).arg(&first));
    let run = fs::read_dir(first.join("good")).unwrap().next().unwrap().unwrap().path();
    fs::create_dir_all(store).unwrap();
    fs::rename(first.join(".consensus"), store.join(".consensus")).unwrap();
    let sample = Sample::of(&run);
    size.each(|number, job| sample.write(store, number, job));
    fs::remove_dir_all(store.with_extension("shared")).unwrap();
    fs::remove_dir_all(&first).unwrap();
}

/// A run that others are made of.
struct Sample {
    id: String,
    hash: Digest,
    /// The digests of what goes into a run's id, by name.
    inputs: BTreeMap<String, Digest>,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

const REQUEST: &str = "inputs/request.json";
const MANIFEST: &str = "manifest.json";
const EVENTS: &str = "attempts/0001/events.jsonl";

impl Sample {
    fn of(run: &Path) -> Self {
        let files = files_of(run);
        let name = |path: &PathBuf| Some(path.strip_prefix("inputs").ok()?.to_str().unwrap().to_owned());
        let inputs: BTreeMap<_, _> =
            files.iter().filter_map(|(path, bytes)| Some((name(path)?, Digest::of(bytes)))).collect();
        let hash = inputs_hash(inputs.iter().map(|(name, digest)| (name.as_str(), *digest)));
        Self { id: run.file_name().unwrap().to_str().unwrap().to_owned(), hash, inputs, files }
    }

    /// Writes another sample, as the program would have.
    fn write(&self, store: &Path, number: usize, job: &str) {
        let of_job = |text: String| text.replace("\"job_id\": \"good\"", &format!("\"job_id\": \"{job}\""));
        let request = of_job(self.text(REQUEST))
            .replace("\"sample\": 1,", &format!("\"sample\": {},", number + 1))
            .into_bytes();
        let mut inputs = self.inputs.clone();
        let before = inputs.insert("request.json".to_owned(), Digest::of(&request)).unwrap();
        let hash = inputs_hash(inputs.iter().map(|(name, digest)| (name.as_str(), *digest)));
        let id = hash.hex()[..32].to_owned();
        let length = |bytes: usize| format!("\"bytes\": {bytes},\n      \"path\": \"{REQUEST}\"");
        let manifest = of_job(self.text(MANIFEST))
            .replace("\"job_ref\": \"good\"", &format!("\"job_ref\": \"{job}\""))
            .replace(&self.hash.to_string(), &hash.to_string())
            .replace(&self.id, &id)
            .replace(&before.to_string(), &inputs["request.json"].to_string())
            .replace(&length(self.files[Path::new(REQUEST)].len()), &length(request.len()))
            .into_bytes();
        let events = self.events(Digest::of(&manifest)).into_bytes();
        let run = store.join(job).join(&id);
        let shared = store.with_extension("shared").join((number / SHARED).to_string());
        for (path, bytes) in &self.files {
            let to = run.join(path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            match path.to_str().unwrap() {
                REQUEST => fs::write(to, &request).unwrap(),
                MANIFEST => fs::write(to, &manifest).unwrap(),
                EVENTS => fs::write(to, &events).unwrap(),
                _ => {
                    let one = shared.join(path);
                    if number.is_multiple_of(SHARED) {
                        fs::create_dir_all(one.parent().unwrap()).unwrap();
                        fs::write(&one, bytes).unwrap();
                    }
                    fs::hard_link(one, to).unwrap();
                }
            }
        }
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8(self.files[Path::new(path)].clone()).unwrap()
    }

    /// The log, chained anew to a manifest that is another.
    fn events(&self, manifest: Digest) -> String {
        let (mut log, mut last) = (String::new(), None::<Digest>);
        let ended = Digest::of(&self.files[Path::new(MANIFEST)]).to_string();
        for line in self.text(EVENTS).lines() {
            let line = line.replace(&ended, &manifest.to_string());
            let line = match (last, line.split_once("\"prev\":\"sha256:")) {
                (Some(last), Some((head, rest))) => format!("{head}\"prev\":\"{last}{}", &rest[64..]),
                _ => line,
            };
            last = Some(Digest::of(line.as_bytes()));
            log += &(line + "\n");
        }
        log
    }
}

/// A store of runs whose manifests, of about 3 KB, are of version 1.0.0.
pub(crate) fn old(store: &Path, size: Size) {
    size.each(|number, job| {
        let id = old_id(number);
        let run = store.join(job).join(&id);
        fs::create_dir_all(&run).unwrap();
        fs::write(run.join(MANIFEST), old_manifest(job, &id)).unwrap();
    });
}

/// The id of a run of an old store.
pub(crate) fn old_id(number: usize) -> String {
    Digest::of(number.to_string().as_bytes()).hex()[..32].to_owned()
}

fn old_manifest(job: &str, run: &str) -> String {
    let artifact = |number: usize| {
        let digest = Digest::of(format!("{run} {number}").as_bytes());
        format!(
            "    \"result_{number:02}\": {{\n      \"path\": \"outputs/result_{number:02}.json\",\n      \"sha256\": \"{digest}\",\n      \"bytes\": {}\n    }}",
            1000 + number
        )
    };
    let artifacts = (0..14).map(artifact).collect::<Vec<_>>().join(",\n");
    format!(
        "{{\n  \"schema_version\": \"1.0.0\",\n  \"job_id\": \"{job}\",\n  \"run_id\": \"{run}\",\n  \"job_ref\": \"{job}\",\n  \"job_type\": \"test_plan\",\n  \"status\": \"succeeded\",\n  \"brief_hash\": \"{}\",\n  \"artifacts\": {{\n{artifacts}\n  }},\n  \"generation_metadata\": {{\n    \"model\": \"none\",\n    \"temperature\": 0.10\n  }},\n  \"meta\": {{}},\n  \"error\": null,\n  \"migration_history\": []\n}}\n",
        Digest::of(run.as_bytes()).hex()
    )
}
