//! Collects the checks of all exercises: each `hidden/NN_name/checks.rs` becomes a module, so that a new exercise
//! needs no line in the grader's own source.

use std::{env, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=hidden");
    let hidden = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("hidden");
    let mut names: Vec<String> = fs::read_dir(&hidden)
        .expect("grader/hidden holds the checks")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|folder| folder.join("checks.rs").is_file())
        .map(|folder| folder.file_name().expect("a folder has a name").to_string_lossy().into_owned())
        .collect();
    names.sort();

    let mut modules = String::new();
    let mut arms = String::new();
    for name in &names {
        let checks = hidden.join(name).join("checks.rs");
        modules += &format!("#[path = {checks:?}]\nmod ex_{name};\n");
        arms += &format!("        {name:?} => Some(ex_{name}::checks()),\n");
    }
    let code = format!(
        "{modules}\n/// The checks of the exercise called `name`.\npub(crate) fn checks_of(name: &str) -> Option<Vec<crate::judge::Check>> {{\n    match name {{\n{arms}        _ => None,\n    }}\n}}\n"
    );
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("hidden.rs");
    fs::write(out, code).expect("the build folder is writable");
}
