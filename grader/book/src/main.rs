//! `grader book`: the lessons as a static site that needs no server: chapters in the order of the course, search, the map,
//! and questions that are answered in the page.
//!
//! `grader` compiles this program when it is first asked for, and starts it as `book COURSE FOLDER REPOSITORY|- frames|-`. mdBook
//! makes the pages. What is ours: which files are chapters and where their links lead (`chapters`), the questions, the frames of
//! pictures that can be varied, and whether every link leads somewhere (`links`).

mod chapters;
mod frames;
mod links;
mod questions;

use std::{
    env, fs,
    io::Write,
    path::{Component, Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use chapters::Chapter;
use course::{Course, UsageError, files};
use mdbook_driver::{MDBook, config::Config};
use serde_json::json;

fn main() -> ExitCode {
    runner::program(run)
}

fn run() -> Result<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    let mut next = || arguments.next().context("this program is started by `grader book`");
    let course = Course::find(Some(&PathBuf::from(next()?)))?;
    let folder = PathBuf::from(next()?);
    let repository = next()?.to_string_lossy().into_owned();
    let repository = Some(repository.trim_end_matches('/')).filter(|address| *address != "-");
    let draws = next()? == "frames";
    refuse_what_is_no_book(&folder)?;

    let chapters = chapters::read(&course, repository)?;
    let temporary = || tempfile::tempdir().context("there is no room for temporary files");
    let (sources, made) = (temporary()?, temporary()?);
    write_sources(&course, &chapters, draws, sources.path())?;
    let book = MDBook::load_with_config(sources.path(), config(&course, made.path(), repository)?);
    book.and_then(|book| book.build()).map_err(|error| error.context("mdBook cannot make the book"))?;

    let broken = links::check(&course, made.path(), &chapters, repository)?;
    put(made.path(), &folder)?;
    if !broken.is_empty() {
        let _ = writeln!(anstream::stderr(), "Links of the book that lead nowhere:\n{}", broken.join("\n"));
        return Ok(ExitCode::from(1));
    }
    let _ = writeln!(anstream::stdout(), "The book: {}", folder.join("index.html").display());
    Ok(ExitCode::SUCCESS)
}

/// The list of the files of a book, in its folder. Only these are replaced.
const LIST: &str = ".neuronlings-book";

/// A folder that holds anything else than a book of ours is not touched.
fn refuse_what_is_no_book(folder: &Path) -> Result<()> {
    if folder.exists() && !folder.is_dir() {
        return Err(UsageError(format!("{} is a file; name a folder", folder.display())).into());
    }
    let is_empty = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if is_empty || folder.join(LIST).is_file() {
        return Ok(());
    }
    Err(UsageError(format!("{} is not empty and holds no book; name another folder", folder.display())).into())
}

/// Puts the book that was made into `folder`, in place of an earlier one. Files that are not of a book stay.
fn put(made: &Path, folder: &Path) -> Result<()> {
    files::create_folder(folder)?;
    let list = folder.join(LIST);
    let earlier = fs::read_to_string(&list).unwrap_or_default();
    let mut names = Vec::new();
    for file in files::files_below(made)? {
        let name = file.strip_prefix(made).unwrap_or(&file);
        names.push(name.to_string_lossy().replace('\\', "/"));
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let place = folder.join(name);
        files::create_folder(place.parent().unwrap_or(folder))?;
        files::write_atomically(&place, &bytes)?;
    }
    // The list may have been edited: what leads out of the folder is no file of a book.
    let old = earlier.lines().filter(|name| !names.iter().any(|new| new == name)).map(Path::new);
    for name in old.filter(|name| name.components().all(|part| matches!(part, Component::Normal(_)))) {
        let _ = fs::remove_file(folder.join(name));
    }
    files::write_atomically(&list, (names.join("\n") + "\n").as_bytes())
}

/// What is added to the head of each page. A browser makes a global name of every id, and a heading "Exports" has the id
/// `exports`: mdBook's search would take it for that of a module system, and fail.
const HEAD: &str = "<script>var exports;</script>\n";

/// The scripts and styles that are added to mdBook's own, which has a `book.js`, too.
const ADDED: [(&str, &str); 5] = [
    ("theme/head.hbs", HEAD),
    ("questions.css", view::questions::STYLE),
    ("pages.css", include_str!("pages.css")),
    ("questions.js", view::questions::SCRIPT),
    ("pages.js", include_str!("pages.js")),
];

/// Writes what mdBook reads: the chapters, their list, and what is added.
fn write_sources(course: &Course, chapters: &[Chapter<'_>], draws: bool, root: &Path) -> Result<()> {
    let src = root.join("src");
    let write = |path: &Path, text: &str| -> Result<()> {
        let path = src.join(path);
        files::create_folder(path.parent().unwrap_or(&src))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    write(Path::new("SUMMARY.md"), &chapters::summary(chapters))?;
    for chapter in chapters {
        let mut text = chapter.text.clone();
        if let Some(exercise) = chapter.exercise {
            if draws {
                text += &frames::draw(course, exercise, &src.join(&chapter.path).with_file_name(""))?;
            }
            if let Some(script) = questions::script(course, exercise, draws)? {
                write(&chapter.path.with_file_name(questions::FILE), &script)?;
                text += questions::SECTION;
            }
        }
        write(&chapter.path, &text)?;
    }
    files::create_folder(&root.join("theme"))?;
    for (name, text) in ADDED {
        fs::write(root.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    Ok(())
}

/// mdBook's settings. What it would change in a lesson's text is switched off.
fn config(course: &Course, folder: &Path, repository: Option<&str>) -> Result<Config> {
    let of_kind =
        |kind: &str| ADDED.iter().map(|(name, _)| *name).filter(|name| name.ends_with(kind)).collect::<Vec<_>>();
    let mut html = json!({
        "default-theme": "light",
        "preferred-dark-theme": "navy",
        "smart-punctuation": false,
        "definition-lists": false,
        "no-section-label": true,
        "input-404": "",
        "additional-css": of_kind(".css"),
        "additional-js": of_kind(".js"),
        // What stands in the title of a chapter or a section is about it.
        "search": { "boost-title": 8, "boost-hierarchy": 4, "boost-paragraph": 1 },
        "print": { "enable": false },
        "playground": { "runnable": false },
    });
    if let Some(repository) = repository {
        html["git-repository-url"] = repository.into();
    }
    let settings = json!({
        "book": { "title": course.title, "language": "en", "src": "src" },
        "build": { "build-dir": folder, "create-missing": false, "use-default-preprocessors": false },
        "output": { "html": html },
    });
    serde_json::from_value(settings).context("these are no settings of mdBook")
}
