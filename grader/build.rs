//! Collects the checks and the pictures of all exercises: each `hidden/NN_name/checks.rs` and `pictures.rs` becomes a
//! module, so that a new exercise needs no line in the grader's own source.

use std::{env, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=hidden");
    let hidden = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("hidden");
    let mut names: Vec<String> = fs::read_dir(&hidden)
        .expect("grader/hidden holds the checks")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.is_dir())
        .map(|folder| folder.file_name().expect("a folder has a name").to_string_lossy().into_owned())
        .collect();
    names.sort();

    let mut modules = String::new();
    let mut checks = String::new();
    let mut pictures = String::new();
    for name in &names {
        let mut has = |part: &str| {
            let path = hidden.join(name).join(format!("{part}.rs"));
            let is_there = path.is_file();
            if is_there {
                modules += &format!("#[path = {path:?}]\nmod {part}_{name};\n");
            }
            is_there
        };
        if has("checks") {
            checks += &format!("        {name:?} => Some(checks_{name}::checks()),\n");
        }
        if has("pictures") {
            pictures += &format!("        {name:?} => Some(pictures_{name}::pictures(ask)),\n");
        }
    }
    let code = format!(
        "{modules}
/// The checks of the exercise called `name`.
pub(crate) fn checks_of(name: &str) -> Option<Vec<crate::judge::Check>> {{
    match name {{
{checks}        _ => None,
    }}
}}

/// The pictures of the exercise called `name`.
pub(crate) fn pictures_of(
    name: &str,
    ask: &mut crate::gallery::Ask<'_>,
) -> Option<anyhow::Result<Vec<crate::picture::Picture>>> {{
    match name {{
{pictures}        _ => None,
    }}
}}
"
    );
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("hidden.rs");
    fs::write(out, code).expect("the build folder is writable");
}
