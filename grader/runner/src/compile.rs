//! Two calls of rustc: the submission as a library, the probe against it. The second one begins when the first knows what the
//! submission offers, and links when the first has ended.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::{
    CalledOff, Kit, Observer, Slot, Sources,
    child::{Next, PATIENCE, Running, Usage},
    diagnostics::{self, Message, says_that_the_disk_is_full},
    kit::{dependency_argument, extern_argument},
    sandbox::{Calls, Profile, Sandbox, system_libraries},
    workspace::{empty, owner_only},
};
use course::{Course, Exercise, Limits, files};
use report::{
    Diagnostic,
    sanitise::{Folders, home},
};

/// More than this rustc does not say of honest code.
const MAX_MESSAGES_KIB: usize = 4096;

/// More is never read.
const MAX_DIAGNOSTICS: usize = 50;

/// What ends a sentence of rustc's.
pub(super) const FULL_DISK: &str = "; the disk is full: make room on it, and check again";

/// How often a silent compiler is looked at.
const GLANCE: Duration = Duration::from_millis(100);

/// The largest file that a compiler may make: programs with line tables of all dependencies have some tens of MiB.
const MAX_FILE_MIB: u64 = 1024;

/// Where systems keep libraries, and compilers for other languages. What is not there does not matter.
const LIBRARY_FOLDERS: [&str; 7] =
    ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/nix/store", "/gnu/store"];
const PROGRAM_FOLDERS: [&str; 7] = ["/usr", "/bin", "/lib", "/lib64", "/opt", "/nix/store", "/gnu/store"];

/// What rustc's allocator asks of the kernel; without an answer it is a tenth slower.
const ALLOCATOR_SETTINGS: [&str; 2] = ["/proc/sys/vm/overcommit_memory", "/sys/kernel/mm/transparent_hugepage/enabled"];

/// What a linker may want to know of the environment. The submission is no source any more when it runs.
const LINKER_ENVIRONMENT: [&str; 12] = [
    "PATH",
    "SDKROOT",
    "DEVELOPER_DIR",
    "MACOSX_DEPLOYMENT_TARGET",
    "INCLUDE",
    "LIB",
    "LIBPATH",
    "VCINSTALLDIR",
    "ProgramFiles",
    "ProgramFiles(x86)",
    "ProgramData",
    "TEMP",
];

/// A probe, linked with a submission, or with several that were compiled together.
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) path: PathBuf,
    /// Which of several submissions it is to ask; the program is told on its command line.
    pub(super) number: Option<usize>,
}

/// What came of compiling a submission.
pub enum Compiled {
    /// A program to run, and warnings.
    Probe(Program, Vec<Diagnostic>),
    /// Errors in the learner's code.
    Broken(Vec<Diagnostic>),
}

/// Compiles `sources` and the probe of `exercise` in `slot`.
///
/// Only the submission's `.rs` files count: no manifest, no build script and no dependency of its own is read.
///
/// # Errors
///
/// If the compiler cannot do its work, or `observer` has called it off.
pub fn compile(
    course: &Course,
    exercise: &Exercise,
    limits: Limits,
    sources: &Sources,
    kit: &Kit,
    slot: &Slot,
    observer: &dyn Observer,
) -> Result<Compiled> {
    let compiler = Compiler { course, exercise, limits, kit, slot, observer };
    let copy = slot.folder.join("src");
    if copy.exists() {
        fs::remove_dir_all(&copy).with_context(|| format!("cannot empty {}", copy.display()))?;
    }
    sources.write(&copy)?;
    let build = slot.folder.join("build");
    files::create_folder(&build)?;

    let probe = format!("build/probe{}", env::consts::EXE_SUFFIX);
    let both = || -> Result<(Said, Option<Said>)> {
        let mut library = compiler.rustc("submission", Calls::Compiler, &copy)?;
        library.args(["--crate-type", "rlib"]);
        // The learner's own path, as it would be typed in the course's folder.
        library.args(["--remap-path-prefix", &format!("src={}/src", sources.label)]);
        library.args(kit.crates_for_submissions().flat_map(extern_argument)).arg("src/lib.rs");
        let source = course.hidden_folder(exercise).join("probe.rs");
        let mut program = compiler.rustc("probe_main", Calls::Linker, &source)?;
        program.args(["--crate-type", "bin", "-o", &probe]).args(features(kit));
        program.args(kit.crates_for_probes().chain([("submission", Path::new(LIBRARY))]).flat_map(extern_argument));
        program.arg(source);
        compiler.run_both(library, program)
    };
    let (mut library, mut program) = both()?;
    if library.gave_up && !slot.throw_away {
        // Perhaps it was not the code: a compiler that was killed leaves a cache that the next one trips over.
        fs::remove_dir_all(&build).with_context(|| format!("cannot empty {}", build.display()))?;
        files::create_folder(&build)?;
        (library, program) = both()?;
    }
    let Some(said) = program else { return compiler.broken(library.messages) };
    let warnings = compiler.about_code(library.messages);
    if said.succeeded {
        let probe = slot.folder.join(probe);
        make_executable(&probe)?;
        return Ok(Compiled::Probe(Program { path: probe, number: None }, warnings));
    }
    compiler.try_out_the_system(&said.messages)?;
    compiler.try_out_the_kit(&said.messages)?;
    let (interface, others): (Vec<Message>, Vec<Message>) =
        said.messages.into_iter().partition(|message| message.is_error_in("probe.rs"));
    if interface.is_empty() {
        return compiler.broken(others);
    }
    let folders = compiler.folders();
    Ok(Compiled::Broken(interface.into_iter().map(|message| message.into_interface_diagnostic(&folders)).collect()))
}

/// Compiles many submissions of one file, and the probe once for each of them, as modules of two crates. `None` if that
/// does not work for all of them: one does not compile, or names its own crate.
///
/// Starting rustc, reading the kit and linking cost more than a variant of a solution does, so sixteen together take a third of
/// the time. Strangers' code is never compiled together.
pub(crate) fn compile_together(
    course: &Course,
    exercise: &Exercise,
    submissions: &[Sources],
    kit: &Kit,
    slot: &Slot,
) -> Result<Option<Vec<Program>>> {
    let compiler = Compiler { course, exercise, limits: exercise.limits, kit, slot, observer: &() };
    let folder = slot.folder.join("together");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    files::create_folder(&slot.folder.join("build"))?;
    let hidden = course.hidden_folder(exercise).join("probe.rs");
    let probe = fs::read_to_string(&hidden).with_context(|| format!("cannot read {}", hidden.display()))?;
    let (mut library, mut main, mut arms) = (String::new(), String::new(), String::new());
    for (number, sources) in submissions.iter().enumerate() {
        // Where a file lies ends as the report names it.
        let inside = format!("v{number}/{}/src", sources.label);
        sources.write(&folder.join(&inside))?;
        library += &format!("#[path = {:?}]\npub mod v{number};\n", format!("{inside}/lib.rs"));
        // At the end, since `//!` has to stand first.
        let text = format!("{probe}\nuse {TOGETHER}::v{number} as submission;\npub(crate) const MAIN: fn() = main;\n");
        files::write_atomically(&folder.join(format!("p{number}.rs")), text.as_bytes())?;
        main += &format!("mod p{number};\n");
        arms += &format!("        Some(\"{number}\") => p{number}::MAIN(),\n");
    }
    main += &format!(
        "fn main() {{\n    match std::env::args().nth(1).as_deref() {{\n{arms}        _ => panic!(\"no such submission\"),\n    \
         }}\n}}\n"
    );
    files::write_atomically(&folder.join("lib.rs"), library.as_bytes())?;
    files::write_atomically(&folder.join("main.rs"), main.as_bytes())?;

    let mut rustc = compiler.rustc(TOGETHER, Calls::Compiler, &folder)?;
    rustc.args(["--crate-type", "rlib", "-C", "debuginfo=0"]);
    rustc.args(kit.crates_for_submissions().flat_map(extern_argument)).arg("together/lib.rs");
    let target = format!("build/probe{}", env::consts::EXE_SUFFIX);
    let mut program = compiler.rustc("probe_main", Calls::Linker, &folder)?;
    program.args(["--crate-type", "bin", "-C", "debuginfo=0", "-o", &target]).args(features(kit));
    program.args(kit.crates_for_probes().chain([(TOGETHER, Path::new(LIBRARY))]).flat_map(extern_argument));
    program.arg("together/main.rs");
    if !compiler.run_both(rustc, program)?.1.is_some_and(|said| said.succeeded) {
        return Ok(None);
    }
    let path = slot.folder.join(target);
    make_executable(&path)?;
    Ok(Some((0..submissions.len()).map(|number| Program { path: path.clone(), number: Some(number) }).collect()))
}

/// What of a probe is compiled only where the kit has the crates of a bonus task: `#[cfg(feature = "name_of_the_task")]`.
fn features(kit: &Kit) -> impl Iterator<Item = String> {
    kit.bonuses.iter().flat_map(|task| ["--cfg".to_owned(), format!("feature=\"{task}\"")])
}

/// The crate of submissions that are compiled together.
const TOGETHER: &str = "variants";

/// The errors, with their lines, of compiling `program` against the submission that was compiled last in `slot`, or the one of
/// this number among those that were compiled together.
pub(crate) fn errors_of_program(
    course: &Course,
    exercise: &Exercise,
    limits: Limits,
    kit: &Kit,
    slot: &Slot,
    program: &str,
    number: Option<usize>,
) -> Result<Vec<(String, u32)>> {
    let compiler = Compiler { course, exercise, limits, kit, slot, observer: &() };
    let source = slot.folder.join("program.rs");
    let (submission, more) = match number {
        Some(number) => (TOGETHER, format!("\nuse {TOGETHER}::v{number} as submission;\n")),
        None => ("submission", String::new()),
    };
    files::write_atomically(&source, format!("{program}{more}").as_bytes())?;
    let mut rustc = compiler.rustc("program", Calls::Compiler, &source)?;
    rustc.args(["--crate-type", "bin", "--emit", "metadata", "-o", "build/program.rmeta"]);
    rustc.args(kit.crates_for_submissions().chain([(submission, Path::new(LIBRARY))]).flat_map(extern_argument));
    rustc.arg(&source);
    Ok(compiler.run(rustc, Stdio::null(), |_| Ok(()))?.messages.iter().filter_map(Message::error_and_line).collect())
}

/// The compiled submission, in its slot: until it is finished, only what it offers.
const LIBRARY: &str = "build/libsubmission.rlib";
/// Where rustc puts what the submission offers, its metadata, and later the whole.
const METADATA: &str = "build/libsubmission.rmeta";
const FINISHED: &str = "build/finished.rlib";
/// rustc's incremental cache, in `build`.
const CACHE: &str = "incremental";

/// Whether a program can be compiled beside the library that it is linked with. That takes a linker that waits, which is a
/// script; this was tried with the usual linker of Linux alone.
const BESIDE: bool = cfg!(all(target_os = "linux", target_env = "gnu"));
/// The linker that waits until the library is finished. It runs in its own folder, which may be on the search path, so it is
/// not called `cc` itself.
const WAITING_LINKER: &str = "#!/bin/sh\nread _ && exec cc \"$@\"\n";

/// What it takes to call rustc.
struct Compiler<'a> {
    course: &'a Course,
    exercise: &'a Exercise,
    limits: Limits,
    kit: &'a Kit,
    slot: &'a Slot,
    observer: &'a dyn Observer,
}

/// What rustc said.
struct Said {
    succeeded: bool,
    /// It ended without a word about the code.
    gave_up: bool,
    messages: Vec<Message>,
}

impl Compiler<'_> {
    /// rustc in the slot's folder, where it may read `source` and write into `build`.
    fn rustc(&self, crate_name: &str, calls: Calls, source: &Path) -> Result<Command> {
        let Self { exercise, limits, kit, slot, .. } = self;
        let mut read = kit.files.clone();
        read.push(source.to_owned());
        read.extend(LIBRARY_FOLDERS.map(PathBuf::from));
        read.extend(ALLOCATOR_SETTINGS.map(PathBuf::from));
        let mut execute = vec![kit.toolchain().to_owned()];
        match calls {
            Calls::Linker => {
                execute.extend(PROGRAM_FOLDERS.map(PathBuf::from));
                execute.push(self.waiting_linker());
            }
            _ => execute.extend(system_libraries()),
        }
        let profile = Profile {
            calls,
            read,
            list: kit.dependencies.clone(),
            execute,
            write: vec![slot.folder.join("build"), "/dev/null".into()],
            cpu_seconds: 2 * limits.compile_seconds.ceil() as u64,
            memory_mib: limits.compile_memory_mib,
            file_mib: MAX_FILE_MIB,
            files: 1024,
        };
        let mut rustc = slot.sandbox.command(&kit.rustc, &profile)?;
        if calls == Calls::Linker {
            let known = LINKER_ENVIRONMENT.into_iter().filter_map(|name| Some((name, env::var_os(name)?)));
            rustc.envs(known).env("TMPDIR", slot.folder.join("build"));
            // The linker has a thread for each core, and each would reserve a piece of the address space.
            rustc.env("MALLOC_ARENA_MAX", "2");
        }
        rustc
            .current_dir(&slot.folder)
            .args(["--crate-name", crate_name, "--edition", "2024"])
            .args(["--error-format", "json", "--json", "diagnostic-rendered-ansi"])
            .args(["-C", &format!("opt-level={}", exercise.opt_level)])
            // An index that went below zero is a panic with a line, at every optimisation level.
            .args(["-C", "overflow-checks=on", "-C", "debuginfo=line-tables-only"])
            // Bitcode is for optimising across crates, which is not done here.
            .args(["-C", "embed-bitcode=no"])
            // The gate has more to say; this catches what a macro of another crate brings in.
            .args(["-D", "unsafe_code"])
            .args(kit.dependencies.iter().flat_map(|folder| dependency_argument(folder)));
        if !slot.throw_away {
            rustc.args(["-C", &format!("incremental=build/{CACHE}")]);
            // Every piece of a crate that has not changed is copied, which takes longer than to compile a small one again. With
            // the 256 pieces that rustc would make, a check took 2 to 8 % longer.
            rustc.args(["-C", "codegen-units=12"]);
        }
        Ok(rustc)
    }

    fn waiting_linker(&self) -> PathBuf {
        self.slot.folder.join("waiting_cc")
    }

    /// Runs rustc on a library and on a program that is linked with it. `None` for the program if the library does not compile.
    ///
    /// rustc writes a crate's metadata before it generates code, and does not need more to compile what uses the crate; only the
    /// linker does. So where [`BESIDE`] holds, both are compiled at the same time on two processors. Cargo does the same for
    /// libraries.
    fn run_both(&self, mut library: Command, mut program: Command) -> Result<(Said, Option<Said>)> {
        // A rustc that is killed, or whose linker fails, leaves files that no later one uses.
        let build = self.slot.folder.join("build");
        empty(&build, Some(CACHE)).with_context(|| format!("cannot empty {}", build.display()))?;
        library.args(["--json", "artifacts", "--out-dir", "build"]);
        library.args(["--emit", &format!("metadata={METADATA},link={FINISHED}")]);
        let [metadata, finished, whole] = [METADATA, FINISHED, LIBRARY].map(|path| self.slot.folder.join(path));
        let finish = || fs::rename(&finished, &whole).with_context(|| format!("cannot rename {}", finished.display()));
        // Where there is no linker, rustc says so itself.
        let has_linker =
            || env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join("cc").exists()));
        if !BESIDE || !has_linker() {
            let said = self.run(library, Stdio::null(), |_| Ok(()))?;
            if !said.succeeded {
                return Ok((said, None));
            }
            finish()?;
            return Ok((said, Some(self.run(program, Stdio::null(), |_| Ok(()))?)));
        }
        let linker = self.waiting_linker();
        files::write_atomically(&linker, WAITING_LINKER.as_bytes())?;
        make_executable(&linker)?;
        program.arg("-C").arg(format!("linker={}", linker.display()));
        let (reader, mut writer) = io::pipe().context("cannot open a pipe")?;
        thread::scope(|scope| {
            let mut waiting = Some((program, reader));
            let mut beside = None;
            let said = self.run(library, Stdio::null(), |artifact| {
                match artifact {
                    "metadata" => {
                        let Some((program, reader)) = waiting.take() else { return Ok(()) };
                        let bytes =
                            fs::read(&metadata).with_context(|| format!("cannot read {}", metadata.display()))?;
                        files::write_atomically(&whole, &archive(&bytes))?;
                        beside = Some(scope.spawn(move || self.run(program, reader.into(), |_| Ok(()))));
                    }
                    "link" => {
                        finish()?;
                        // There may be no linker that waits: the program may have errors.
                        let _ = writer.write_all(b"\n");
                    }
                    _ => {}
                }
                Ok(())
            });
            // A linker that still waits gives up.
            drop(writer);
            let program = beside.map(|beside| beside.join().expect("reading what rustc says does not panic"));
            let said = said?;
            if said.succeeded {
                return Ok((said, Some(program.context("rustc did not say what it has written")??)));
            }
            Ok((said, None))
        })
    }

    /// Runs rustc within its limits. `on_artifact` hears the kind of each file that it has written, if it is to tell.
    fn run(&self, rustc: Command, stdin: Stdio, mut on_artifact: impl FnMut(&str) -> Result<()>) -> Result<Said> {
        let seconds = self.limits.compile_seconds;
        let limit = Duration::from_secs_f64(seconds);
        let begun = Instant::now();
        let mut process = Running::start(rustc, stdin)?;
        let mut said = Vec::new();
        let mut heard = 0;
        let status = loop {
            match process.next(Instant::now() + GLANCE) {
                Next::Piece(piece) => {
                    said.extend(piece);
                    while let Some(length) = said[heard..].iter().position(|&byte| byte == b'\n') {
                        if let Some(kind) = diagnostics::artifact(&said[heard..heard + length]) {
                            on_artifact(&kind)?;
                        }
                        heard += length + 1;
                    }
                }
                Next::Closed => break process.end(&said)?,
                Next::Silence => {}
            }
            if self.observer.has_called_off() {
                bail!(CalledOff);
            }
            let elapsed = begun.elapsed();
            if elapsed >= limit && has_had_its_time(limit, process.usage()) {
                return Ok(Said::only(format!(
                    "compiling was stopped after {seconds} s: is there a macro, a constant or a type that never ends?"
                )));
            }
            if elapsed >= PATIENCE * limit {
                bail!(
                    "compiling was stopped after {:.0} s, in which this machine gave the compiler less than the {seconds} s \
                     of processor time that it may use; check again when the machine is less busy",
                    elapsed.as_secs_f64()
                );
            }
            if said.len() > MAX_MESSAGES_KIB * 1024 {
                return Ok(Said::only(format!(
                    "compiling was stopped because the compiler wrote more than {MAX_MESSAGES_KIB} KiB of messages"
                )));
            }
        };
        let text = String::from_utf8_lossy(&said);
        let messages = diagnostics::read(&text);
        let succeeded = status.is_some_and(|status| status.success());
        if succeeded || messages.iter().any(Message::is_error) {
            return Ok(Said { succeeded, gave_up: false, messages });
        }
        if says_that_the_disk_is_full(&text) {
            bail!("rustc could not do its work{FULL_DISK}");
        }
        let memory = ["memory allocation of", "out of memory", "Cannot allocate memory"];
        let cause = if memory.iter().any(|sign| text.contains(sign)) {
            format!("it needed more than {} MiB of memory", self.limits.compile_memory_mib)
        } else {
            let end = status.map_or("no end".to_owned(), |status| status.to_string());
            format!("it overflowed or gave up ({end})")
        };
        let said = Said::only(format!("compiling your code was too much for the compiler: {cause}"));
        Ok(Said { gave_up: true, ..said })
    }

    /// Makes sure that it is the learner's business what rustc says, and not a full disk, a file that may not be written, or a
    /// linker that is not there.
    fn try_out_the_system(&self, messages: &[Message]) -> Result<()> {
        let faults: Vec<&str> = messages.iter().filter_map(Message::fault_of_the_system).collect();
        if faults.is_empty() {
            return Ok(());
        }
        let next = match self.slot.sandbox {
            _ if messages.iter().any(Message::is_about_a_full_disk) => FULL_DISK,
            Sandbox::Landlock if messages.iter().any(Message::is_about_a_linker) => {
                "; in the sandbox it finds programs in /usr and /opt only, and `--sandbox off` does without it"
            }
            _ => "",
        };
        bail!("rustc could not do its work: {}{next}", self.folders().hide(&faults.join("; ")));
    }

    /// The diagnostics for a submission that does not compile.
    fn broken(&self, messages: Vec<Message>) -> Result<Compiled> {
        self.try_out_the_system(&messages)?;
        self.try_out_the_kit(&messages)?;
        let mut diagnostics = self.about_code(messages.iter().filter(|message| message.is_about_code()).cloned());
        if diagnostics.iter().all(|diagnostic| diagnostic.level != "error") {
            // Not about a line: a limit, a linker that finds a name twice.
            let whole = messages.into_iter().find(Message::is_error).map(|message| message.into_whole(&self.folders()));
            diagnostics.extend(whole);
        }
        Ok(Compiled::Broken(diagnostics))
    }

    /// Makes sure that an error is not caused by the crates that code is linked with, which cannot be corrected in
    /// `lib.rs`: one that names a crate, or no line at all.
    fn try_out_the_kit(&self, messages: &[Message]) -> Result<()> {
        let about_lines = messages.iter().any(|message| message.is_error() && message.is_about_code());
        let about_crates = messages.iter().any(Message::is_about_a_crate);
        let ours = messages.iter().any(Message::is_of_the_grader);
        if ours || about_lines && !about_crates { Ok(()) } else { self.kit.try_out(&self.slot.folder) }
    }

    fn about_code(&self, messages: impl IntoIterator<Item = Message>) -> Vec<Diagnostic> {
        let folders = self.folders();
        let mut crates: Vec<&str> = self.kit.crates_for_submissions().map(|(name, _)| name).collect();
        crates.sort_unstable();
        let crates = crates.join(", ");
        messages
            .into_iter()
            .filter(Message::is_about_code)
            .take(MAX_DIAGNOSTICS)
            .map(|message| message.with_crates(&crates).into_diagnostic(&folders))
            .collect()
    }

    fn folders(&self) -> Folders {
        foreign_folders(self.course, self.kit, self.slot)
    }
}

/// The folders that nothing in a report is to name.
pub(crate) fn foreign_folders(course: &Course, kit: &Kit, slot: &Slot) -> Folders {
    let toolchain = kit.toolchain();
    let own = [
        slot.folder.join("build"),
        slot.folder.clone(),
        course.root.clone(),
        toolchain.join("lib/rustlib/src/rust"),
        toolchain.to_owned(),
    ];
    Folders::new(
        own.into_iter().chain(kit.dependencies.iter().cloned()).chain(kit.source_folders.iter().cloned()).chain(home()),
    )
}

/// Whether a compiler that has run for longer than `limit` on the clock has used up its time: the machine's other work is not
/// the learner's.
fn has_had_its_time(limit: Duration, usage: Option<Usage>) -> bool {
    usage.is_none_or(|usage| usage.cpu >= limit)
}

impl Said {
    /// One error of the grader's own.
    fn only(sentence: String) -> Self {
        Self { succeeded: false, gave_up: false, messages: vec![Message::error(sentence)] }
    }
}

/// A library of nothing but `metadata`: an archive with one file, as `ar` makes it.
fn archive(metadata: &[u8]) -> Vec<u8> {
    let header = format!("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", "lib.rmeta/", 0, 0, 0, "644", metadata.len());
    let padding: &[u8] = if metadata.len().is_multiple_of(2) { b"" } else { b"\n" };
    [b"!<arch>\n", header.as_bytes(), metadata, padding].concat()
}

/// Not every linker gets to mark what it has made, because nothing may change a file's mode in there.
fn make_executable(program: &Path) -> Result<()> {
    let change = || {
        anyhow::ensure!(fs::symlink_metadata(program)?.is_file(), "it is not a file");
        Ok(owner_only(program)?)
    };
    change().with_context(|| format!("cannot make {} executable", program.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_else_a_machine_does_is_not_counted_against_a_compiler() {
        let limit = Duration::from_secs(60);
        let usage = |seconds| Usage { cpu: Duration::from_secs(seconds), delay: Duration::ZERO };
        assert!(!has_had_its_time(limit, Some(usage(18))));
        assert!(has_had_its_time(limit, Some(usage(60))));
        // Where the system does not tell, the clock has to do.
        assert!(has_had_its_time(limit, None));
    }
}
