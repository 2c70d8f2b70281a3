//! Attacks as submissions to exercise 3. The terminal is tested with all of them, and the page of `grader serve` as well.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::{fs, path::Path};

use serde::Deserialize;

use super::course;

/// In the environment of the grader, and in a file.
pub(crate) const SECRET: &str = "the-password-is-swordfish";

/// What no text that leaves the grader may contain, whatever the submission did: the secret, what stands in the checks of
/// exercise 3 and in no message to learners, what a successful attack prints, and places of the machine.
pub(crate) const NEVER_TOLD: [&str; 5] = [SECRET, "Check::new(", "PWNED", "/registry/src/", "root:x:0"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attack {
    pub(crate) name: String,
    pub(crate) count: Option<String>,
    pub(crate) columns: Option<String>,
    /// What `columns` is of.
    returns: Option<String>,
    #[serde(rename = "unsafe")]
    with_the_c_library: Option<String>,
    #[serde(default)]
    items: String,
    #[serde(default)]
    head: String,
    #[serde(skip)]
    pub(crate) folder: Option<Make>,
    pub(crate) gate: String,
    pub(crate) alone: Option<String>,
    #[serde(default = "yes")]
    pub(crate) sandbox: bool,
    pub(crate) limits: Option<String>,
}

/// Fills an empty folder; gets the solution, too.
pub(crate) type Make = fn(&Path, &str);

fn yes() -> bool {
    true
}

/// What unsafe code may call.
const C_LIBRARY: &str = r#"
#[allow(unsafe_code, dead_code)]
unsafe extern "C" {
    fn fork() -> i32;
    fn kill(pid: i32, signal: i32) -> i32;
    fn getppid() -> i32;
    fn setsid() -> i32;
    fn signal(signal: i32, handler: usize) -> usize;
    fn fcntl(fd: i32, command: i32, argument: i64) -> i32;
    fn syscall(number: i64, a: i64, b: i64, c: i64, d: i64, e: i64, f: i64) -> i64;
}
"#;

impl Attack {
    /// The text of its `lib.rs`, whose places are not filled in.
    pub(crate) fn text(&self, solution: &str) -> String {
        let mut text = solution.to_owned();
        let mut replace = |find: &str, with: &str| {
            assert_eq!(text.matches(find).count(), 1, "{find}");
            text = text.replacen(find, with, 1);
        };
        const COUNT: &str = "self.weights.len() + self.biases.len()";
        const COLUMNS: &str = "b: &ArrayRef1<f64>) -> Array1<f64> {\n    x.dot(w) + b\n";
        if let Some(count) = &self.count {
            replace(COUNT, count);
        }
        if let Some(code) = &self.with_the_c_library {
            replace(COUNT, &format!("unsafe {{ {code} }}"));
        }
        if let Some(columns) = &self.columns {
            let returns = self.returns.as_deref().unwrap_or("Array1<f64>");
            replace(COLUMNS, &format!("b: &ArrayRef1<f64>) -> {returns} {{\n    {columns}\n"));
        }
        let (head, library) = match self.with_the_c_library {
            Some(_) => ("#![allow(unsafe_code)]", C_LIBRARY),
            None => (self.head.as_str(), ""),
        };
        format!("{head}\n{text}\n{}\n{library}", self.items)
    }
}

/// Submissions that are odd before a compiler sees them, and what has to come of them; `refused` unless it says more.
const ODD_FOLDERS: [(&str, &str, Make); 16] = [
    ("a manifest, a build script and configurations", "full marks", |folder, solution| {
        source(folder, solution);
        let script = format!("fn main() {{ std::fs::write({:?}, \"\").unwrap(); }}", folder.join("pwned"));
        fs::write(folder.join("build.rs"), script).unwrap();
        fs::write(folder.join("Cargo.toml"), "[package]\nname = \"x\"\nbuild = \"build.rs\"\n").unwrap();
        fs::create_dir(folder.join(".cargo")).unwrap();
        fs::write(folder.join(".cargo/config.toml"), "[build]\nrustc-wrapper = \"/bin/false\"\n").unwrap();
        fs::write(folder.join("rust-toolchain.toml"), "[toolchain]\nchannel = \"1.0\"\n").unwrap();
    }),
    ("honest modules", "full marks", |folder, solution| {
        source(folder, "//! Two files.\nmod layers;\npub use layers::dense::*;\n");
        fs::create_dir(folder.join("src/layers")).unwrap();
        fs::write(folder.join("src/layers/mod.rs"), "pub mod dense;\n").unwrap();
        fs::write(folder.join("src/layers/dense.rs"), solution).unwrap();
        fs::write(folder.join("src/notes.txt"), "unsafe").unwrap();
    }),
    ("a link", "refused: is not an ordinary file", |folder, _| {
        fs::create_dir(folder.join("src")).unwrap();
        link(Path::new("/etc/passwd"), &folder.join("src/lib.rs"));
    }),
    ("a link to the solution", "refused: is not an ordinary file", |folder, _| {
        fs::create_dir(folder.join("src")).unwrap();
        link(&course().join("solutions/03_dense_layer/src/lib.rs"), &folder.join("src/lib.rs"));
    }),
    ("a linked folder", "refused: is not a folder", |folder, _| {
        link(&course().join("solutions/03_dense_layer/src"), &folder.join("src"));
    }),
    ("a pipe", "refused: is not an ordinary file", |folder, _| {
        fs::create_dir(folder.join("src")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(folder.join("src/lib.rs")).status().unwrap();
        assert!(made.success());
    }),
    ("a folder called lib.rs", "refused: is not an ordinary file", |folder, _| {
        fs::create_dir_all(folder.join("src/lib.rs")).unwrap();
    }),
    ("300 MB", "refused: is longer than 256 KiB", |folder, _| {
        fs::create_dir(folder.join("src")).unwrap();
        fs::File::create(folder.join("src/lib.rs")).unwrap().set_len(300 << 20).unwrap();
    }),
    ("bytes that are no text", "refused: is not UTF-8 text", |folder, _| {
        fs::create_dir(folder.join("src")).unwrap();
        fs::write(folder.join("src/lib.rs"), b"pub fn f() {} // \xff\xfe").unwrap();
    }),
    ("deep nesting", "refused", |folder, _| {
        source(folder, &format!("const X: i32 = {}1{};", "(".repeat(60_000), ")".repeat(60_000)));
    }),
    ("a thousand files", "refused: 64 are enough", |folder, solution| {
        let modules: String = (0..1000).map(|number| format!("mod m{number};\n")).collect();
        source(folder, &format!("{solution}\n{modules}"));
        (0..1000).for_each(|number| fs::write(folder.join(format!("src/m{number}.rs")), "").unwrap());
    }),
    ("files that no module names", "full marks", |folder, solution| {
        source(folder, solution);
        (0..100).for_each(|number| fs::write(folder.join(format!("src/m{number}.rs")), "unsafe").unwrap());
        link(Path::new("/etc/passwd"), &folder.join("src/.#lib.rs"));
        fs::create_dir(folder.join("src/old.rs")).unwrap();
    }),
    ("a module that a macro names elsewhere", "refused: file not found for module", |folder, solution| {
        source(folder, &format!("{solution}\n#[macro_use]\nmod a;\nmod b {{\n    hidden!();\n}}\n"));
        fs::write(folder.join("src/a.rs"), "macro_rules! hidden { () => { mod c; } }\n").unwrap();
        fs::create_dir(folder.join("src/b")).unwrap();
        fs::write(folder.join("src/b/c.rs"), "unsafe extern \"C\" { fn fork() -> i32; }").unwrap();
    }),
    ("a module behind a link", "refused: is behind a link", |folder, solution| {
        source(folder, &format!("{solution}\nmod a;\n"));
        fs::write(folder.join("elsewhere.rs"), "").unwrap();
        fs::write(folder.join("mod.rs"), "").unwrap();
        link(folder, &folder.join("src/a"));
    }),
    ("zeros", "refused", |folder, _| source(folder, "\0\0\0")),
    ("a module without end", "refused", |folder, _| {
        source(folder, "mod a;");
        fs::create_dir(folder.join("src/a")).unwrap();
        link(&folder.join("src"), &folder.join("src/a/a"));
        fs::write(folder.join("src/a.rs"), "mod a;").unwrap();
    }),
];

pub(crate) fn source(folder: &Path, text: &str) {
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), text).unwrap();
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) {
    std::os::unix::fs::symlink(to, at).unwrap();
}

#[cfg(not(unix))]
fn link(_: &Path, at: &Path) {
    fs::create_dir(at).unwrap();
}

/// Those of `attacks.toml`, and the odd folders.
pub(crate) fn attacks() -> Vec<Attack> {
    #[derive(Deserialize)]
    struct Listed {
        attack: Vec<Attack>,
    }
    let Listed { attack: mut attacks } = toml::from_str(include_str!("attacks.toml")).unwrap();
    attacks.extend(ODD_FOLDERS.map(|(name, outcome, folder)| Attack {
        name: name.to_owned(),
        count: None,
        columns: None,
        returns: None,
        with_the_c_library: None,
        items: String::new(),
        head: String::new(),
        folder: Some(folder),
        gate: outcome.to_owned(),
        alone: None,
        sandbox: false,
        limits: None,
    }));
    attacks
}

/// Puts in the places and numbers that a text names.
pub(crate) fn filled(text: &str, places: &[(&str, String)]) -> String {
    let mut filled = text.to_owned();
    if filled.contains("{flood}") {
        let flood: String = (0..6000).map(|n| format!("pub fn f{n}() {{ let unused = {n}; }}\n")).collect();
        filled = filled.replace("{flood}", &flood);
    }
    for (name, value) in places {
        filled = filled.replace(&format!("{{{name}}}"), value);
    }
    filled
}
