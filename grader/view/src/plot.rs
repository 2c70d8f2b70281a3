//! `grader plot`: pictures of what a learner's code computes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use course::{Course, Exercise, files};
use judge::picture::Picture;
use report::{
    Diagnostic,
    screen::{Screen, file_url, link},
    style::{DIM, paint},
};
use runner::{Gallery, Kit, Observer, Opened, Sandbox, SandboxMode, Slot, StatusLine, Submission};
use wire::{frame, judge::Controls};

use crate::{
    picture::{html, svg, terminal},
    print,
};

pub(crate) fn show(course: &Course, exercise: &Exercise, folder: PathBuf) -> Result<ExitCode> {
    let kit = Kit::open(course, exercise)?;
    let line = StatusLine::new();
    let plotted = plot(course, exercise, &Submission::new(folder), &kit, &line);
    drop(line);
    let screen = Screen::of_stdout();
    match plotted? {
        Plotted::Pictures(pictures, page) => {
            for picture in &pictures {
                print(&terminal::render(picture, screen.width));
            }
            let shown = page.strip_prefix(&course.root).unwrap_or(&page).display().to_string();
            let shown = link(screen.links, &file_url(&page), &shown);
            print(&format!("{} {shown}", paint(DIM, "The same, in more detail, for your browser:")));
            Ok(ExitCode::SUCCESS)
        }
        Plotted::Broken(explanation) => {
            print(&explanation);
            Ok(ExitCode::from(1))
        }
    }
}

/// What came of drawing a submission.
pub(crate) enum Plotted {
    /// The pictures, and the page that shows them all.
    Pictures(Vec<Picture>, PathBuf),
    /// It does not compile: the first error.
    Broken(String),
}

/// Draws the pictures of `submission`, and writes them and a page of them to `target/grader/pictures/NN_name`.
pub(crate) fn plot(
    course: &Course,
    exercise: &Exercise,
    submission: &Submission,
    kit: &Kit,
    observer: &dyn Observer,
) -> Result<Plotted> {
    let work = course.work_folder()?;
    let sandbox = Sandbox::choose(SandboxMode::Auto)?;
    let is_ours = submission.folder.starts_with(&course.root);
    let slot = if is_ours {
        Slot::take(&work, &exercise.name, sandbox)?
    } else {
        Slot::take_empty(&work, &exercise.name, sandbox)?
    };
    let pictures = match Gallery::open(course, exercise, submission, kit, &slot, observer)? {
        Opened::Gallery(mut gallery) => pictures(&mut gallery, Controls::new(), observer)?,
        Opened::Broken(diagnostics) => return Ok(Plotted::Broken(explanation(course, exercise, &diagnostics))),
    };
    let drawn: Vec<(&Picture, String)> = pictures
        .iter()
        .map(|picture| svg::render(picture).map(|document| (picture, document)))
        .collect::<Result<_>>()?;

    let source = submission.lib();
    let source = source.strip_prefix(&course.root).unwrap_or(&source).to_string_lossy().replace('\\', "/");
    let folder = work.join("pictures").join(&exercise.name);
    let page = folder.join("index.html");
    let files: Vec<_> = drawn.iter().map(|(picture, document)| (format!("{}.svg", picture.id), document)).collect();
    write(&folder, &files)?;
    files::write_atomically(&page, html::render(exercise, course.grader(), &source, &drawn).as_bytes())?;
    Ok(Plotted::Pictures(pictures, page))
}

/// The pictures of a gallery, with these values of what can be varied.
///
/// # Errors
///
/// If the gallery cannot draw them.
pub fn pictures(gallery: &mut Gallery, controls: Controls, observer: &dyn Observer) -> Result<Vec<Picture>> {
    let (pictures, _) = gallery.draw(controls, observer)?;
    frame::decode(&pictures.0).context("the pictures are in another format than this view reads")
}

/// What is said of code that does not compile.
fn explanation(course: &Course, exercise: &Exercise, diagnostics: &[Diagnostic]) -> String {
    let first = diagnostics.iter().find(|diagnostic| diagnostic.level == "error");
    let error = first.map_or("", |first| first.rendered.trim_end());
    format!(
        "{error}\nThe code does not compile yet, so there is nothing to draw. {} check {} explains.",
        course.grader(),
        exercise.number
    )
}

/// Writes these files into `folder`, and removes pictures of an earlier run that are no longer drawn.
pub(crate) fn write(folder: &Path, drawn: &[(String, impl AsRef<str>)]) -> Result<()> {
    files::create_folder(folder)?;
    for (name, document) in drawn {
        files::write_atomically(&folder.join(name), document.as_ref().as_bytes())?;
    }
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let is_drawn = drawn.iter().any(|(name, _)| path.file_name().is_some_and(|file| file == name.as_str()));
        if path.extension().is_some_and(|extension| extension == "svg") && !is_drawn {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}
