//! The kit: the crates that a submission may use, built once by cargo.

use std::{
    collections::BTreeSet,
    env,
    ffi::OsString,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Submission, workspace::work_folder};
use crate::{
    course::{Course, Exercise},
    files,
};

/// The crates that every submission may name. The probe may name [`PROBE`] besides.
///
/// Each with the package that it is: instead of ndarray's own, ours, which has compiled it already.
const CRATES: [(&str, &str); 4] =
    [("datasets", "datasets"), ("ndarray", "shared-ndarray"), ("rand", "rand"), ("rand_distr", "rand_distr")];
const PROBE: &str = "probe";
const GRADER: &str = "grader";

/// The crate of the course's own that some exercises name, and where its source is: it is another exercise, solved.
const ENGINE: &str = "engine";
const ENGINE_SOURCES: &str = "solutions/10_backprop_engine/src";

/// A compiler and the crates to link with.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kit {
    /// Tells whether what is on disk is still what was built: see [`fingerprint`].
    pub(crate) fingerprint: String,
    /// The compiler itself, not rustup's stand-in for it, which would cost 10 ms a call.
    pub(crate) rustc: PathBuf,
    /// `rustc --version`.
    pub(crate) rustc_version: String,
    /// The folder with all compiled crates, for those that the ones below depend on.
    pub(crate) dependencies: PathBuf,
    /// Compiled crates by name.
    crates: Vec<(String, PathBuf)>,
    /// Every file that the compiler may read besides its own: these crates and what they depend on. The grader itself,
    /// which holds the checks, and solutions are in the same folder and not among them.
    pub(super) files: Vec<PathBuf>,
    /// The folders that their sources lay in, which their compiler errors name.
    pub(super) source_folders: BTreeSet<PathBuf>,
}

impl Kit {
    /// The kit for `exercise`, built now if it has not been or has changed. Cargo shows its progress on standard error.
    pub(crate) fn open(course: &Course, exercise: &Exercise) -> Result<Self> {
        Self::open_and_tell(course, exercise, None)
    }

    /// The same, with what cargo says given to `on_line`, where standard error is no place for it.
    pub(crate) fn open_quietly(course: &Course, exercise: &Exercise, on_line: &dyn Fn(&str)) -> Result<Self> {
        Self::open_and_tell(course, exercise, Some(on_line))
    }

    fn open_and_tell(course: &Course, exercise: &Exercise, on_line: Option<&dyn Fn(&str)>) -> Result<Self> {
        let work = work_folder(course)?;
        // Most exercises need no crate of their own and share one kit.
        let name =
            if exercise.crates.is_empty() { "kit.json".to_owned() } else { format!("kit-{}.json", exercise.name) };
        let note = work.join(name);
        let rustc = find_rustc()?;
        let fingerprint = fingerprint(course, exercise, &rustc)?;
        if let Some(kit) = Self::read(&note, &fingerprint) {
            return Ok(kit);
        }
        let kit = Self::build(course, exercise, rustc, fingerprint, on_line)?;
        files::write_atomically(&note, &serde_json::to_vec_pretty(&kit)?)?;
        Ok(kit)
    }

    /// The kit that was built before, if it is the right one and still there.
    fn read(note: &Path, fingerprint: &str) -> Option<Self> {
        let kit: Self = serde_json::from_slice(&fs::read(note).ok()?).ok()?;
        let whole = kit.fingerprint == fingerprint && kit.crates.iter().all(|(_, path)| path.is_file());
        whole.then_some(kit)
    }

    fn build(
        course: &Course,
        exercise: &Exercise,
        rustc: PathBuf,
        fingerprint: String,
        on_line: Option<&dyn Fn(&str)>,
    ) -> Result<Self> {
        if on_line.is_none() {
            let more =
                if exercise.crates.is_empty() { "" } else { ": this exercise needs more of them, so it takes longer" };
            anstream::eprintln!(
                "Preparing the crates that your code is linked with (once, and when they or the compiler change{more})"
            );
        }
        let cargo = cargo();
        let mut build = Command::new(&cargo);
        build.args(["build", "--message-format", "json-render-diagnostics", "--manifest-path"]);
        build.arg(course.root.join("Cargo.toml")).env("RUSTC", &rustc);
        build.stderr(if on_line.is_some() { Stdio::piped() } else { Stdio::inherit() });
        if exercise.crates.is_empty() {
            // The grader depends on all that a submission needs, with the features that it has here; where cargo has
            // just built the grader, it finds every crate done.
            build.args(["--package", GRADER]);
        } else {
            // Not the grader: with other features it would be linked anew, over the program that is running.
            build.args(["--package", PROBE, "--package", &solution_package(exercise)]);
        }
        build.stdout(Stdio::piped());
        let mut cargo = build
            .spawn()
            .with_context(|| format!("cannot run {}; install Rust from https://rustup.rs", cargo.display()))?;
        let mut said = String::new();
        let stderr = cargo.stderr.take();
        let output = thread::scope(|scope| {
            // Both pipes are read at once, or a full one would stop cargo.
            let output = scope.spawn(|| cargo.wait_with_output());
            for line in stderr.map(BufReader::new).into_iter().flat_map(BufRead::lines).map_while(Result::ok) {
                on_line.inspect(|on_line| on_line(line.trim()));
                said += &format!("{line}\n");
            }
            output.join().expect("waiting for a process does not panic")
        })
        .context("cannot tell how cargo ended")?;
        if !output.status.success() {
            bail!("cargo could not build the kit; what it says names the reason\n{}", said.trim_end());
        }
        let artifacts = Artifacts::read(course, &output.stdout)?;
        let mut crates = Vec::new();
        for (name, package) in CRATES {
            crates.push((name.to_owned(), artifacts.rlib(PROBE, package)?));
        }
        for name in &exercise.crates {
            crates.push((name.clone(), artifacts.rlib(&solution_package(exercise), name)?));
        }
        crates.push((PROBE.to_owned(), artifacts.rlib(GRADER, PROBE)?));
        let dependencies = crates
            .iter()
            .find(|(name, _)| name == "ndarray")
            .and_then(|(_, path)| path.parent())
            .context("cargo put ndarray nowhere")?
            .to_owned();
        let files = artifacts.libraries(&[GRADER, &solution_package(exercise)]);
        let source_folders = artifacts.source_folders();
        let rustc_version = rustc_version(&rustc)?;
        Ok(Self { fingerprint, rustc, rustc_version, dependencies, crates, files, source_folders })
    }

    /// The folder of the compiler, its libraries and the standard library.
    pub(super) fn toolchain(&self) -> &Path {
        self.rustc.ancestors().nth(2).unwrap_or(&self.rustc)
    }

    /// The crates for a submission, by name.
    pub(crate) fn crates_for_submissions(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.crates_for_probes().filter(|(name, _)| *name != PROBE)
    }

    /// The crates for a probe, by name.
    pub(crate) fn crates_for_probes(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.crates.iter().map(|(name, path)| (name.as_str(), path.as_path()))
    }
}

/// The cargo that started us, or the one on the path.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn solution_package(exercise: &Exercise) -> String {
    format!("{}_solution", exercise.short_name())
}

/// What cargo has built, and which version of a crate each package means by its name.
struct Artifacts {
    built: Vec<Artifact>,
    locked: LockFile,
}

/// A line of `cargo build --message-format json` that tells of a compiled crate.
#[derive(Deserialize)]
struct Artifact {
    package_id: String,
    target: Target,
    filenames: Vec<PathBuf>,
}

impl Artifact {
    /// Of a package that was asked for cargo names a copy of the library, one folder up, that the next build with other
    /// features replaces. The original is beside its metadata, and stays.
    fn name_originals(&mut self) {
        let metadata = self.filenames.iter().find(|path| path.extension().is_some_and(|kind| kind == "rmeta"));
        if let Some(original) = metadata.map(|path| path.with_extension("rlib")).filter(|path| path.is_file()) {
            let copies = self.filenames.iter_mut().filter(|path| path.extension().is_some_and(|kind| kind == "rlib"));
            copies.for_each(|copy| original.clone_into(copy));
        }
    }

    /// Whether it is of this package. The end of an id is `#ndarray@0.17.2`, or `/datasets#0.1.0` where the folder has the
    /// package's name.
    fn is_of(&self, name: &str, version: &str) -> bool {
        let Some((place, end)) = self.package_id.rsplit_once('#') else { return false };
        match end.split_once('@') {
            Some(package) => package == (name, version),
            None => end == version && place.rsplit('/').next() == Some(name),
        }
    }
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    src_path: PathBuf,
}

/// `Cargo.lock`.
#[derive(Deserialize)]
struct LockFile {
    package: Vec<LockedPackage>,
}

#[derive(Deserialize)]
struct LockedPackage {
    name: String,
    version: String,
    /// Each is a name, with its version where several are locked: `rand 0.10.3`.
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Artifacts {
    fn read(course: &Course, messages: &[u8]) -> Result<Self> {
        let mut built: Vec<Artifact> =
            messages.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        built.iter_mut().for_each(Artifact::name_originals);
        let path = course.root.join("Cargo.lock");
        let lock = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let locked = toml::from_str(&lock).with_context(|| format!("{} is not a lock file", path.display()))?;
        Ok(Self { built, locked })
    }

    /// The compiled package that `package` means by `name`.
    fn rlib(&self, package: &str, name: &str) -> Result<PathBuf> {
        let version = self.locked.version(package, name)?;
        self.built
            .iter()
            .filter(|artifact| artifact.is_of(name, version) && artifact.target.kind.iter().any(|kind| kind == "lib"))
            .flat_map(|artifact| &artifact.filenames)
            .find(|path| path.extension().is_some_and(|extension| extension == "rlib"))
            .cloned()
            .with_context(|| format!("cargo built no library {name} {version}"))
    }
}

impl Artifacts {
    /// Of `registry/src/index/ndarray-0.17.2/src/lib.rs`, and all others, `registry/src/index`.
    fn source_folders(&self) -> BTreeSet<PathBuf> {
        let folder = |artifact: &Artifact| artifact.target.src_path.ancestors().nth(3).map(Path::to_owned);
        let libraries = self.built.iter().filter(|artifact| artifact.target.kind.iter().any(|kind| kind == "lib"));
        libraries.filter_map(folder).collect()
    }

    /// The compiled libraries of all packages but those `without`.
    fn libraries(&self, without: &[&str]) -> Vec<PathBuf> {
        let is_library =
            |path: &&PathBuf| path.extension().is_some_and(|kind| ["rlib", "rmeta", "so"].iter().any(|it| kind == *it));
        self.built
            .iter()
            .filter(|artifact| !without.contains(&artifact.target.name.as_str()))
            .flat_map(|artifact| artifact.filenames.iter().filter(is_library).cloned())
            .collect()
    }
}

impl LockFile {
    fn version(&self, package: &str, name: &str) -> Result<&str> {
        let dependency = self
            .package
            .iter()
            .find(|locked| locked.name == package)
            .and_then(|locked| locked.dependencies.iter().find(|dependency| dependency.split(' ').next() == Some(name)))
            .with_context(|| format!("{name} is not among the dependencies of {package} in Cargo.lock"))?;
        match dependency.split_once(' ') {
            Some((_, version)) => Ok(version),
            None => self
                .package
                .iter()
                .find(|locked| locked.name == name)
                .map(|locked| locked.version.as_str())
                .with_context(|| format!("{name} is not in Cargo.lock")),
        }
    }
}

/// The compiler beside the cargo that started us, or the one that `rustc` on the path stands for.
fn find_rustc() -> Result<PathBuf> {
    let name = format!("rustc{}", env::consts::EXE_SUFFIX);
    let beside_cargo = env::var_os("CARGO").map(|cargo| Path::new(&cargo).with_file_name(&name));
    if let Some(rustc) = beside_cargo.filter(|rustc| rustc.is_file()) {
        return Ok(rustc);
    }
    let output = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .context("cannot run rustc; install Rust from https://rustup.rs")?;
    let sysroot = String::from_utf8_lossy(&output.stdout);
    let rustc = Path::new(sysroot.trim()).join("bin").join(name);
    if !rustc.is_file() {
        bail!(
            "`rustc --print sysroot` says {:?}, where there is no compiler; is Rust installed whole?",
            sysroot.trim()
        );
    }
    Ok(rustc)
}

fn rustc_version(rustc: &Path) -> Result<String> {
    let output =
        Command::new(rustc).arg("--version").output().with_context(|| format!("cannot run {}", rustc.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A digest of whatever decides what the kit is: compiler, locked versions, manifests, sources and embedded data of our own
/// crates.
/// Files count by size and time, not by content: reading them all would cost more than it tells.
fn fingerprint(course: &Course, exercise: &Exercise, rustc: &Path) -> Result<String> {
    let mut inputs = vec![rustc.to_owned()];
    if !exercise.crates.is_empty() {
        inputs.push(Submission::solution(course, exercise).folder.join("Cargo.toml"));
    }
    if exercise.crates.iter().any(|name| name == ENGINE) {
        inputs.push(course.root.join(ENGINE).join("Cargo.toml"));
        inputs.extend(files::rust_files(&course.root.join(ENGINE_SOURCES))?);
    }
    inputs.extend(["Cargo.lock", "Cargo.toml"].map(|file| course.root.join(file)));
    for package in ["datasets", "grader/probe", "grader/shared-ndarray"] {
        let folder = course.root.join(package);
        inputs.push(folder.join("Cargo.toml"));
        inputs.extend(files::rust_files(&folder.join("src"))?);
    }
    inputs.extend(files::files_below(&course.root.join("datasets/data"))?);
    let mut digest = Sha256::new();
    for path in inputs {
        digest.update(files::stamp(&path)?);
    }
    Ok(files::hex(&digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kits of other exercises are built with other features, and cargo puts all their copies in the same place.
    #[test]
    fn a_kit_links_the_original_of_a_crate_and_not_the_copy_that_other_kits_overwrite() {
        let folder = tempfile::tempdir().unwrap();
        let [copy, original] = ["libprobe.rlib", "deps/libprobe-1.rlib"].map(|name| folder.path().join(name));
        fs::create_dir(folder.path().join("deps")).unwrap();
        fs::write(&original, "").unwrap();
        let line = serde_json::json!({
            "package_id": "path+file:///course/grader/probe#0.1.0",
            "target": { "name": "probe", "kind": ["lib"], "src_path": "/course/grader/probe/src/lib.rs" },
            "filenames": [copy, original.with_extension("rmeta")],
        });
        let artifacts = Artifacts::read(&Course::find().unwrap(), line.to_string().as_bytes()).unwrap();
        assert_eq!(artifacts.rlib(GRADER, PROBE).unwrap(), original);
    }

    #[test]
    fn a_package_is_known_by_the_end_of_its_id() {
        let artifact = |id: &str| Artifact {
            package_id: id.to_owned(),
            target: Target { name: "ndarray".to_owned(), kind: vec!["lib".to_owned()], src_path: PathBuf::new() },
            filenames: Vec::new(),
        };
        let registry = artifact("registry+https://github.com/rust-lang/crates.io-index#ndarray@0.17.2");
        assert!(registry.is_of("ndarray", "0.17.2"));
        assert!(!registry.is_of("ndarray", "0.1.0") && !registry.is_of("shared-ndarray", "0.17.2"));
        let ours = artifact("path+file:///course/grader/shared-ndarray#0.1.0");
        assert!(ours.is_of("shared-ndarray", "0.1.0") && !ours.is_of("ndarray", "0.1.0"));
        assert!(
            artifact("path+file:///course/solutions/01#perceptron_solution@0.1.0")
                .is_of("perceptron_solution", "0.1.0")
        );
    }
}
