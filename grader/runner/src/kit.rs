//! The kit: the crates that submissions, probes and judges are linked with, built once by cargo.

use std::{
    collections::{BTreeSet, HashSet},
    env,
    ffi::OsString,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf, absolute},
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, bail};
use course::{Course, Exercise, Task, files};
use hmac_sha256::Hash;
use serde::{Deserialize, Serialize};

use crate::{Submission, compile::FULL_DISK, diagnostics::says_that_the_disk_is_full, home};

/// The crates that every submission may name. The probe may name [`PROBE`] besides, and a judge [`JUDGE`] as well.
///
/// Each with the package that it is: instead of ndarray's own, ours, which has compiled it already.
const CRATES: [(&str, &str); 4] =
    [("datasets", "datasets"), ("ndarray", "shared-ndarray"), ("rand", "rand"), ("rand_distr", "rand_distr")];
const PROBE: &str = "probe";
const JUDGE: &str = "judge";
const GRADER: &str = "grader";

/// Where the sources of the crates above are, in the grader's workspace.
const OWN_CRATES: [&str; 6] =
    ["datasets", "grader/formula", "grader/judge", "grader/probe", "grader/shared-ndarray", "grader/wire"];

/// A compiler and the crates to link with.
#[derive(Debug, Serialize, Deserialize)]
pub struct Kit {
    /// Tells whether what is on disk is still what was built: see [`fingerprint`].
    pub fingerprint: String,
    /// The compiler itself, not rustup's stand-in for it, which would cost 10 ms a call.
    pub rustc: PathBuf,
    /// `rustc --version`.
    pub rustc_version: String,
    /// The folders with all compiled crates, for those that the ones below depend on. Macros have a folder of their own
    /// where cargo is told of a target.
    pub dependencies: Vec<PathBuf>,
    /// Compiled crates by name: those that a submission may use, then the probe's.
    crates: Vec<(String, PathBuf)>,
    /// The bonus tasks whose own crates it has.
    pub(super) bonuses: Vec<String>,
    /// Every file that the compiler of a submission may read besides its own: these crates and what they depend on, and
    /// nothing else that lies in the same folder.
    pub(super) files: Vec<PathBuf>,
    /// The folders that their sources lay in, which their compiler errors name.
    pub(super) source_folders: BTreeSet<PathBuf>,
    /// What a judge is linked with; it never meets what a submission is linked with.
    pub(super) of_judges: JudgeKit,
}

/// The crates that judges are linked with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct JudgeKit {
    pub(super) dependencies: Vec<PathBuf>,
    pub(super) crates: Vec<(String, PathBuf)>,
}

impl Kit {
    /// The kit for `exercise`, built now if it has not been or has changed. Cargo shows its progress on standard error.
    pub fn open(course: &Course, exercise: &Exercise) -> Result<Self> {
        Self::open_and_tell(course, exercise, None)
    }

    /// The same, with what cargo says given to `on_line`, where standard error is no place for it.
    pub fn open_quietly(course: &Course, exercise: &Exercise, on_line: &dyn Fn(&str)) -> Result<Self> {
        Self::open_and_tell(course, exercise, Some(on_line))
    }

    /// Builds the crates that only bonus tasks of `exercise` use. From now on its kit has them, as long as what was compiled is
    /// there.
    ///
    /// # Errors
    ///
    /// If cargo cannot build them; then everything stays as it was.
    pub fn add_bonuses(course: &Course, exercise: &Exercise) -> Result<()> {
        Self::open_one(course, Extent::WithBonuses(exercise), &find_rustc(course)?, None).map(drop)
    }

    /// Whether it has the crates that `task` uses.
    pub fn is_for(&self, task: &Task) -> bool {
        task.crates.is_empty() || self.bonuses.contains(&task.name)
    }

    fn open_and_tell(course: &Course, exercise: &Exercise, on_line: Option<&dyn Fn(&str)>) -> Result<Self> {
        let rustc = find_rustc(course)?;
        let shared = Self::open_one(course, Extent::Shared, &rustc, on_line)?;
        // Crates of bonuses belong to it where they were asked for before: the note is there.
        let with_bonuses = Extent::WithBonuses(exercise);
        let extent = match exercise.tasks_with_crates().next().is_some() && with_bonuses.note(course)?.is_file() {
            true => with_bonuses,
            false if exercise.crates.is_empty() => return Ok(shared),
            false => Extent::Own(exercise),
        };
        let own = Self::open_one(course, extent, &rustc, on_line)?;
        Ok(Self { of_judges: shared.of_judges, ..own })
    }

    fn open_one(course: &Course, extent: Extent<'_>, rustc: &Path, on_line: Option<&dyn Fn(&str)>) -> Result<Self> {
        let note = extent.note(course)?;
        let fingerprint = fingerprint(course, extent, rustc)?;
        if let Some(kit) = Self::read(&note, &fingerprint) {
            return Ok(kit);
        }
        let kit = Self::build(course, extent, rustc, fingerprint, on_line)?;
        files::write_atomically(&note, &serde_json::to_vec_pretty(&kit)?)?;
        Ok(kit)
    }

    /// The kit that was built before, if it is the right one and still there.
    fn read(note: &Path, fingerprint: &str) -> Option<Self> {
        let kit: Self = serde_json::from_slice(&fs::read(note).ok()?).ok()?;
        let crates = kit.crates.iter().chain(&kit.of_judges.crates).map(|(_, path)| path);
        let whole = kit.fingerprint == fingerprint && crates.chain(&kit.files).all(|path| path.is_file());
        whole.then_some(kit)
    }

    fn build(
        course: &Course,
        extent: Extent<'_>,
        rustc: &Path,
        fingerprint: String,
        on_line: Option<&dyn Fn(&str)>,
    ) -> Result<Self> {
        let exercise = extent.exercise();
        if on_line.is_none() {
            let more = match extent {
                Extent::Shared => "",
                Extent::Own(_) => ": this exercise needs more of them, so it takes longer",
                Extent::WithBonuses(_) => ": the bonus needs many more of them, so it takes some minutes",
            };
            anstream::eprintln!(
                "Preparing the crates that your code is linked with (once, and when they or the compiler change{more})"
            );
        }
        // Crates of an exercise are those of the course's own workspace, which has a probe among its dependencies.
        let workspace = match exercise {
            Some(_) => course.root.clone(),
            None => home(course)?,
        };
        let mut packages = match exercise {
            Some(exercise) => vec![PROBE.to_owned(), solution_package(exercise)],
            None => vec![PROBE.to_owned(), JUDGE.to_owned()],
        };
        // A grader that cargo has built in this workspace was built together with these crates. Asked for alone, they might
        // have other features, and would be built once more.
        let grader = exercise.is_none() && is_run_by_cargo(&workspace) && !cfg!(panic = "abort");
        packages.extend(grader.then(|| GRADER.to_owned()));
        let bonuses: Vec<&Task> = extent.bonuses().collect();
        let feature = |task: &&Task| format!("{}/{}", packages[1], task.name);
        let features: Vec<String> = bonuses.iter().map(feature).collect();
        let artifacts = Artifacts::read(&workspace, &run_cargo(&workspace, rustc, &packages, &features, on_line)?)?;
        let locked = &artifacts.locked;
        let mut named = Vec::new();
        for (name, package) in CRATES {
            named.push((name.to_owned(), locked.dependency(PROBE, package)?));
        }
        let known = dependencies_of_the_workspace(&workspace);
        for name in exercise.iter().flat_map(|exercise| &exercise.crates) {
            named.push((name.replace('-', "_"), locked.dependency(&packages[1], package_called(&known, name))?));
        }
        named.push((PROBE.to_owned(), locked.package(PROBE)?));
        for name in bonuses.iter().flat_map(|task| &task.crates) {
            named.push((name.replace('-', "_"), locked.dependency(&packages[1], name)?));
        }
        let roots: Vec<Package<'_>> = named.iter().map(|(_, package)| *package).collect();
        let files = artifacts.libraries(&locked.below(&roots));
        let compiled = named.into_iter().map(|(name, package)| Ok((name, artifacts.rlib(package)?)));
        let crates = compiled.collect::<Result<Vec<_>>>()?;
        let bonuses = bonuses.into_iter().map(|task| task.name.clone()).collect();
        let dependencies = folders_of(&files);
        let mut of_judges = JudgeKit { dependencies: Vec::new(), crates: Vec::new() };
        if exercise.is_none() {
            let judge = locked.package(JUDGE)?;
            of_judges.dependencies = folders_of(&artifacts.libraries(&locked.below(&[judge])));
            of_judges.crates.clone_from(&crates);
            of_judges.crates.push((JUDGE.to_owned(), artifacts.rlib(judge)?));
        }
        let source_folders = artifacts.source_folders();
        let rustc_version = rustc_version(rustc)?;
        let rustc = rustc.to_owned();
        Ok(Self { fingerprint, rustc, rustc_version, dependencies, crates, bonuses, files, source_folders, of_judges })
    }

    /// Sees whether an empty program can be linked with these crates: where it cannot, no error of rustc's is the fault of
    /// the code that was being compiled. Writes into `folder`.
    ///
    /// # Errors
    ///
    /// If it cannot, with the settings that may be the reason.
    pub(super) fn try_out(&self, folder: &Path) -> Result<()> {
        let judges = self.of_judges.crates.iter().map(|(name, path)| (name.as_str(), path.as_path())).collect();
        let probes = self.crates_for_probes().collect();
        for (crates, dependencies) in [(probes, &self.dependencies), (judges, &self.of_judges.dependencies)] {
            self.try_out_these(folder, crates, dependencies)?;
        }
        Ok(())
    }

    fn try_out_these(&self, folder: &Path, crates: Vec<(&str, &Path)>, dependencies: &[PathBuf]) -> Result<()> {
        let [source, program] = ["empty.rs", "empty"].map(|name| folder.join(name));
        let uses: String = crates.iter().map(|(name, _)| format!("extern crate {name};\n")).collect();
        files::write_atomically(&source, format!("{uses}fn main() {{}}\n").as_bytes())?;
        let mut rustc = Command::new(&self.rustc);
        rustc.current_dir(folder);
        rustc.args(["--edition", "2024", "--crate-type", "bin", "--color", "never", "-A", "warnings"]);
        rustc.args(dependencies.iter().flat_map(|folder| dependency_argument(folder)));
        rustc.args(crates.into_iter().flat_map(extern_argument)).args(["-o", "empty"]).arg(&source);
        let output = rustc.output().with_context(|| format!("cannot run {}", self.rustc.display()))?;
        let _ = [source, program].map(fs::remove_file);
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        if says_that_the_disk_is_full(&said) {
            bail!("rustc could not do its work{FULL_DISK}");
        }
        let reason = said.lines().find(|line| line.starts_with("error")).unwrap_or("it ended without a reason");
        let settings: Vec<String> = settings().into_iter().chain(settings_files()?.iter().filter_map(named)).collect();
        let next = if settings.is_empty() {
            "Some of them may be damaged: `cargo clean` removes them, and the next check builds them again".to_owned()
        } else {
            format!("They were built with these settings; remove what does not fit: {}", settings.join(", "))
        };
        let reason = reason.split_once(": ").map_or(reason, |(_error, reason)| reason);
        bail!("rustc cannot use the crates that code is linked with: {reason}\n{next}")
    }

    /// The folder of the compiler, its libraries and the standard library.
    pub(super) fn toolchain(&self) -> &Path {
        self.rustc.ancestors().nth(2).unwrap_or(&self.rustc)
    }

    /// The crates for a submission, by name.
    pub fn crates_for_submissions(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.crates_for_probes().take_while(|(name, _)| *name != PROBE)
    }

    /// The crates for a probe, by name.
    pub fn crates_for_probes(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.crates.iter().map(|(name, path)| (name.as_str(), path.as_path()))
    }
}

/// Whose crates a kit has.
#[derive(Clone, Copy)]
enum Extent<'a> {
    /// Those of every exercise. Most have no others.
    Shared,
    /// Those that this exercise names besides.
    Own(&'a Exercise),
    /// Those of its bonus tasks as well.
    WithBonuses(&'a Exercise),
}

impl<'a> Extent<'a> {
    fn exercise(self) -> Option<&'a Exercise> {
        match self {
            Self::Shared => None,
            Self::Own(exercise) | Self::WithBonuses(exercise) => Some(exercise),
        }
    }

    /// The bonus tasks whose crates it has.
    fn bonuses(self) -> impl Iterator<Item = &'a Task> {
        let exercise = if let Self::WithBonuses(exercise) = self { Some(exercise) } else { None };
        exercise.into_iter().flat_map(Exercise::tasks_with_crates)
    }

    /// The names of the crates besides those of every exercise.
    fn crates(self) -> impl Iterator<Item = &'a String> {
        let own = self.exercise().into_iter().flat_map(|exercise| &exercise.crates);
        own.chain(self.bonuses().flat_map(|task| &task.crates))
    }

    /// The file that says what was built.
    fn note(self, course: &Course) -> Result<PathBuf> {
        let name = match self {
            Self::Shared => "kit.json".to_owned(),
            Self::Own(exercise) => format!("kit-{}.json", exercise.name),
            Self::WithBonuses(exercise) => format!("kit-{}-bonus.json", exercise.name),
        };
        Ok(course.work_folder()?.join(name))
    }
}

/// The cargo that started us, or the one on the path.
pub fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Whether the running program is the one that cargo builds in `workspace`, perhaps for a target that was named.
fn is_run_by_cargo(workspace: &Path) -> bool {
    let named = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"].into_iter().find_map(env::var_os);
    let target = named.map_or_else(|| workspace.join("target"), |folder| absolute(&folder).unwrap_or(folder.into()));
    let name = Path::new("debug").join(format!("{GRADER}{}", env::consts::EXE_SUFFIX));
    env::current_exe().is_ok_and(|program| program.starts_with(target) && program.ends_with(name))
}

/// Settings in the environment that change how cargo compiles, and so whether what it has built fits our calls of rustc.
fn settings() -> Vec<String> {
    let changes_code = |name: &str| {
        name.ends_with("RUSTFLAGS")
            || ["CARGO_PROFILE_DEV_", "CARGO_UNSTABLE_"].iter().any(|prefix| name.starts_with(prefix))
            || name.ends_with("WRAPPER")
            || ["CARGO_BUILD_TARGET", "RUSTC_BOOTSTRAP"].contains(&name)
    };
    let variables = env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value));
    let mut settings: Vec<String> = variables
        .filter(|(name, value)| changes_code(name) && !value.is_empty())
        .map(|(name, value)| format!("{name}={}", value.display()))
        .collect();
    settings.sort();
    settings
}

/// The files in which cargo looks for settings.
fn settings_files() -> Result<Vec<PathBuf>> {
    let here = env::current_dir().context("cannot tell the current folder; change to one that exists")?;
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let folders = here.ancestors().map(|folder| folder.join(".cargo")).chain(home);
    let files: BTreeSet<PathBuf> =
        folders.flat_map(|folder| ["config", "config.toml"].map(|name| folder.join(name))).collect();
    Ok(files.into_iter().filter(|file| file.is_file()).collect())
}

/// The name of a file of settings, if it holds one that may change how code is compiled.
fn named(file: &PathBuf) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let signs = ["rustflags", "target", "profile", "unstable", "wrapper"];
    signs.iter().any(|sign| text.contains(sign)).then(|| file.display().to_string())
}

/// A crate, as rustc is told of it.
pub(super) fn extern_argument((name, path): (&str, &Path)) -> [OsString; 2] {
    ["--extern".into(), files::joined(&format!("{name}="), path)]
}

/// A folder with crates that others depend on, as rustc is told of it.
pub(super) fn dependency_argument(folder: &Path) -> [OsString; 2] {
    ["-L".into(), files::joined("dependency=", folder)]
}

fn folders_of(files: &[PathBuf]) -> Vec<PathBuf> {
    let folders: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
    folders.into_iter().map(Path::to_owned).collect()
}

/// Has cargo build these packages, with these of their features, and says what it has built.
fn run_cargo(
    workspace: &Path,
    rustc: &Path,
    packages: &[String],
    features: &[String],
    on_line: Option<&dyn Fn(&str)>,
) -> Result<Vec<u8>> {
    let cargo = cargo();
    let mut build = Command::new(&cargo);
    build.args(["build", "--message-format", "json-render-diagnostics", "--manifest-path"]);
    build.arg(workspace.join("Cargo.toml")).env("RUSTC", rustc);
    // Nothing that panics otherwise, or is to be optimised as a whole, can be linked with what we compile. These are the
    // usual values: without other settings nothing is built twice.
    build.args(["--config", "profile.dev.panic=\"unwind\"", "--config", "profile.dev.lto=\"off\""]);
    build.args(packages.iter().flat_map(|package| ["--package", package]));
    build.args(features.iter().flat_map(|feature| ["--features", feature]));
    build.stderr(if on_line.is_some() { Stdio::piped() } else { Stdio::inherit() }).stdout(Stdio::piped());
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
        bail!("cargo could not build the kit; its message has the reason\n{}", said.trim_end());
    }
    Ok(output.stdout)
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

    /// Name and version of its package. The end of an id is `#ndarray@0.17.2`, or `/datasets#0.1.0` where the folder has
    /// the package's name.
    fn package(&self) -> Option<(&str, &str)> {
        let (place, end) = self.package_id.rsplit_once('#')?;
        match end.split_once('@') {
            Some(package) => Some(package),
            None => Some((place.rsplit('/').next()?, end)),
        }
    }

    fn is_library(&self) -> bool {
        self.target.kind.iter().any(|kind| kind == "lib")
    }
}

#[derive(Deserialize)]
struct Target {
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

/// Name and version of a package.
type Package<'a> = (&'a str, &'a str);

impl Artifacts {
    fn read(workspace: &Path, messages: &[u8]) -> Result<Self> {
        let mut built: Vec<Artifact> =
            messages.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        built.iter_mut().for_each(Artifact::name_originals);
        let path = workspace.join("Cargo.lock");
        let lock = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let locked = toml::from_str(&lock).with_context(|| format!("{} is not a lock file", path.display()))?;
        Ok(Self { built, locked })
    }

    /// The compiled library of a package.
    fn rlib(&self, (name, version): Package<'_>) -> Result<PathBuf> {
        self.built
            .iter()
            .filter(|artifact| artifact.package() == Some((name, version)) && artifact.is_library())
            .flat_map(|artifact| &artifact.filenames)
            .find(|path| path.extension().is_some_and(|extension| extension == "rlib"))
            .cloned()
            .with_context(|| format!("cargo built no library {name} {version}"))
    }

    /// Of `registry/src/index/ndarray-0.17.2/src/lib.rs`, and all others, `registry/src/index`.
    fn source_folders(&self) -> BTreeSet<PathBuf> {
        let folder = |artifact: &Artifact| artifact.target.src_path.ancestors().nth(3).map(Path::to_owned);
        self.built.iter().filter(|artifact| artifact.is_library()).filter_map(folder).collect()
    }

    /// The compiled libraries of these packages: what a compiler reads of them.
    fn libraries(&self, packages: &HashSet<Package<'_>>) -> Vec<PathBuf> {
        let kinds = ["rlib", "rmeta", env::consts::DLL_EXTENSION];
        let is_library = |path: &&PathBuf| path.extension().is_some_and(|kind| kinds.iter().any(|it| kind == *it));
        self.built
            .iter()
            .filter(|artifact| artifact.package().is_some_and(|package| packages.contains(&package)))
            .flat_map(|artifact| artifact.filenames.iter().filter(is_library).cloned())
            .collect()
    }
}

impl LockFile {
    /// The package called `name`, of which there is one.
    fn package(&self, name: &str) -> Result<Package<'_>> {
        let package = self.package.iter().find(|locked| locked.name == name);
        package.map(LockedPackage::id).with_context(|| format!("{name} is not in Cargo.lock"))
    }

    /// The package that `package` means by `name`.
    fn dependency(&self, package: &str, name: &str) -> Result<Package<'_>> {
        let package = self.package.iter().find(|locked| locked.name == package);
        package
            .and_then(|locked| self.dependencies(locked).find(|(dependency, _)| *dependency == name))
            .with_context(|| format!("{name} is not among the dependencies that Cargo.lock lists"))
    }

    fn dependencies(&self, package: &LockedPackage) -> impl Iterator<Item = Package<'_>> {
        package.dependencies.iter().filter_map(|dependency| {
            let mut words = dependency.split(' ');
            let (name, version) = (words.next()?, words.next());
            let is_meant = |locked: &&LockedPackage| {
                locked.name == name && version.is_none_or(|version| locked.version == version)
            };
            self.package.iter().find(is_meant).map(LockedPackage::id)
        })
    }

    /// These packages, and all that they depend on.
    fn below<'a>(&'a self, roots: &[Package<'a>]) -> HashSet<Package<'a>> {
        let mut found = HashSet::new();
        let mut open = roots.to_vec();
        while let Some(package) = open.pop() {
            if found.insert(package) {
                let locked = self.package.iter().find(|locked| locked.id() == package);
                open.extend(locked.into_iter().flat_map(|locked| self.dependencies(locked)));
            }
        }
        found
    }
}

impl LockedPackage {
    fn id(&self) -> Package<'_> {
        (&self.name, &self.version)
    }
}

/// The compiler beside the cargo that started us, or the one that `rustc` on the path stands for.
fn find_rustc(course: &Course) -> Result<PathBuf> {
    let name = format!("rustc{}", env::consts::EXE_SUFFIX);
    let beside_cargo = env::var_os("CARGO").map(|cargo| Path::new(&cargo).with_file_name(&name));
    if let Some(rustc) = beside_cargo.filter(|rustc| rustc.is_file()) {
        return Ok(rustc);
    }
    // rustup's stand-in takes 30 ms to say what it stands for, so that is asked again only when it may have changed.
    let note = course.work_folder()?.join("rustc.json");
    let key = toolchain_key(&name);
    let noted = fs::read(&note).ok().and_then(|json| serde_json::from_slice::<(String, PathBuf)>(&json).ok());
    if let Some((_, rustc)) = noted.filter(|(noted, rustc)| *noted == key && rustc.is_file()) {
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
            "`rustc --print sysroot` returns {:?}, where there is no compiler; is Rust installed completely?",
            sysroot.trim()
        );
    }
    files::write_atomically(&note, &serde_json::to_vec(&(key, &rustc))?)?;
    Ok(rustc)
}

/// All that decides which compiler `rustc` on the path stands for: the program itself, and where rustup looks for a choice.
fn toolchain_key(name: &str) -> String {
    let path = env::var_os("PATH").unwrap_or_default();
    let program = env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    let home = env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".rustup")));
    let mut files: Vec<PathBuf> = program.into_iter().chain(home.map(|home| home.join("settings.toml"))).collect();
    let here = env::current_dir().unwrap_or_default();
    files.extend(
        here.ancestors().flat_map(|folder| ["rust-toolchain", "rust-toolchain.toml"].map(|file| folder.join(file))),
    );
    let stamps: String = files.iter().filter_map(|file| files::stamp(file).ok()).collect();
    format!("{:?}\n{stamps}", env::var_os("RUSTUP_TOOLCHAIN"))
}

fn rustc_version(rustc: &Path) -> Result<String> {
    let output =
        Command::new(rustc).arg("--version").output().with_context(|| format!("cannot run {}", rustc.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A digest of whatever decides what the kit is: compiler, cargo's settings, locked versions, manifests, sources and embedded
/// data of our own crates.
/// Files count by size and time, not by content: reading them all would cost more than it tells.
fn fingerprint(course: &Course, extent: Extent<'_>, rustc: &Path) -> Result<String> {
    let mut inputs = settings_files()?;
    inputs.push(rustc.to_owned());
    if let Some(exercise) = extent.exercise() {
        inputs.push(Submission::solution(course, exercise).folder.join("Cargo.toml"));
        inputs.push(course.root.join("Cargo.lock"));
        let known = dependencies_of_the_workspace(&course.root);
        for name in extent.crates() {
            inputs.extend(sources_in_the_workspace(&course.root, &known, name)?);
        }
    }
    let home = home(course)?;
    inputs.extend(["Cargo.lock", "Cargo.toml"].map(|file| home.join(file)));
    inputs.extend(own_sources(&home)?);
    inputs.extend(files::files_below(&home.join("datasets/data"))?);
    let mut digest = Hash::new();
    digest.update(settings().join("\n"));
    extent.crates().for_each(|name| digest.update(format!("{name}\n")));
    for path in inputs {
        digest.update(files::stamp(&path)?);
    }
    Ok(files::hex(&digest.finalize()))
}

/// The manifests and sources of the crates that judges and probes are made of.
fn own_sources(home: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for package in OWN_CRATES {
        let folder = home.join(package);
        found.push(folder.join("Cargo.toml"));
        found.extend(files::rust_files(&folder.join("src"))?);
    }
    Ok(found)
}

/// The digest of the crates that judges and probes are made of. It is the same on every machine with the same sources.
///
/// # Errors
///
/// If a file cannot be read: which.
pub fn digest_of_own_crates(course: &Course) -> Result<String> {
    digest_of_sources(&home(course)?)
}

fn digest_of_sources(home: &Path) -> Result<String> {
    let mut digest = Hash::new();
    for path in own_sources(home)? {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = text.replace("\r\n", "\n");
        digest.update(text.len().to_le_bytes());
        digest.update(text);
    }
    Ok(files::hex(&digest.finalize()))
}

/// The manifest and the sources of a crate that lies in the course's own workspace, as `engine` does, which is another
/// exercise, solved; nothing for a published crate. What is wrong with a manifest, cargo says better.
fn sources_in_the_workspace(root: &Path, known: &toml::Table, name: &str) -> Result<Vec<PathBuf>> {
    let Some(folder) = known.get(name).and_then(|dependency| dependency.get("path")?.as_str()) else {
        return Ok(Vec::new());
    };
    let manifest = root.join(folder).join("Cargo.toml");
    let settings = read_manifest(&manifest);
    let library = settings.as_ref().and_then(|settings| settings.get("lib")?.get("path")?.as_str());
    let source = root.join(folder).join(library.unwrap_or("src/lib.rs"));
    let mut found = vec![manifest];
    if let Some(sources) = source.parent() {
        found.extend(files::rust_files(sources)?);
    }
    Ok(found)
}

/// The package that the workspace knows as `name`: `shared-dfdx` is called `dfdx`.
fn package_called<'a>(known: &'a toml::Table, name: &'a str) -> &'a str {
    known.get(name).and_then(|dependency| dependency.get("package")?.as_str()).unwrap_or(name)
}

/// `[workspace.dependencies]`; empty where there is none.
fn dependencies_of_the_workspace(root: &Path) -> toml::Table {
    let manifest = read_manifest(&root.join("Cargo.toml"));
    let known = manifest.as_ref().and_then(|manifest| manifest.get("workspace")?.get("dependencies")?.as_table());
    known.cloned().unwrap_or_default()
}

fn read_manifest(path: &Path) -> Option<toml::Table> {
    fs::read_to_string(path).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_of_the_workspace_is_watched_where_its_source_is() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let known = dependencies_of_the_workspace(&root);
        for (name, manifest, source) in [
            ("engine", "engine/Cargo.toml", "engine/../solutions/10_backprop_engine/src/lib.rs"),
            ("optimizers_solution", "solutions/12_optimizers/Cargo.toml", "solutions/12_optimizers/src/lib.rs"),
        ] {
            let found = sources_in_the_workspace(&root, &known, name).unwrap();
            assert!(found.contains(&root.join(manifest)) && found.contains(&root.join(source)), "{name}: {found:?}");
        }
        assert!(sources_in_the_workspace(&root, &known, "safetensors").unwrap().is_empty());
        assert_eq!(package_called(&known, "dfdx"), "shared-dfdx");
        assert_eq!(package_called(&known, "engine"), "engine");
    }

    #[test]
    fn the_digest_of_our_own_crates_tells_their_contents_and_not_their_place_or_line_ends() {
        let written = |end: &str, judge: &str| {
            let home = tempfile::tempdir().unwrap();
            for package in OWN_CRATES {
                let folder = home.path().join(package);
                fs::create_dir_all(folder.join("src")).unwrap();
                fs::write(folder.join("Cargo.toml"), format!("[package]{end}")).unwrap();
                fs::write(folder.join("src/lib.rs"), if package == "grader/judge" { judge } else { "" }).unwrap();
            }
            digest_of_sources(home.path()).unwrap()
        };
        assert_eq!(written("\n", "fn a() {}"), written("\r\n", "fn a() {}"));
        assert_ne!(written("\n", "fn a() {}"), written("\n", "fn b() {}"));
    }

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
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let artifacts = Artifacts::read(workspace, line.to_string().as_bytes()).unwrap();
        assert_eq!(artifacts.rlib((PROBE, "0.1.0")).unwrap(), original);
    }

    #[test]
    fn a_package_is_known_by_the_end_of_its_id() {
        let artifact = |id: &str| Artifact {
            package_id: id.to_owned(),
            target: Target { kind: vec!["lib".to_owned()], src_path: PathBuf::new() },
            filenames: Vec::new(),
        };
        let packages = [
            ("registry+https://github.com/rust-lang/crates.io-index#ndarray@0.17.2", ("ndarray", "0.17.2")),
            ("path+file:///course/grader/shared-ndarray#0.1.0", ("shared-ndarray", "0.1.0")),
            ("path+file:///course/solutions/01#perceptron_solution@0.1.0", ("perceptron_solution", "0.1.0")),
        ];
        for (id, package) in packages {
            assert_eq!(artifact(id).package(), Some(package));
        }
    }

    #[test]
    fn what_a_submission_may_read_is_what_it_is_linked_with_and_nothing_else() {
        let lock = r#"
            package = [
                { name = "probe", version = "1", dependencies = ["rand 2", "wire"] },
                { name = "judge", version = "1", dependencies = ["probe", "similar"] },
                { name = "rand", version = "1" },
                { name = "rand", version = "2", dependencies = ["libm"] },
                { name = "libm", version = "1" },
                { name = "similar", version = "1" },
                { name = "wire", version = "1" },
            ]"#;
        let lock: LockFile = toml::from_str(lock).unwrap();
        let below = lock.below(&[lock.package("probe").unwrap()]);
        assert_eq!(below, HashSet::from([("probe", "1"), ("wire", "1"), ("rand", "2"), ("libm", "1")]));
        assert_eq!(lock.dependency("probe", "rand").unwrap(), ("rand", "2"));
    }
}
