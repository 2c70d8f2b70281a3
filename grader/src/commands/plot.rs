//! `grader plot`: pictures of what a learner's code computes.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::{Outcome, exercise_or_current, status_line::StatusLine, submission};
use crate::{
    bench::{Kit, Observer, Sandbox, Slot, Submission, work_folder},
    cli::{PlotArgs, SandboxMode},
    course::{Course, Exercise},
    files,
    gallery::{self, Drawn},
    picture::{Picture, html, svg, terminal},
    report::style::{DIM, paint},
    screen::{Screen, file_url, link},
};

pub(crate) fn run(args: &PlotArgs) -> Result<Outcome> {
    let course = Course::find()?;
    let exercise = exercise_or_current(&course, args.exercise.as_deref())?;
    let submission = submission(&course, exercise, args.source.as_deref(), args.solution)?;
    let kit = Kit::open(&course, exercise)?;
    let line = StatusLine::new();
    let plotted = plot(&course, exercise, &submission, &kit, &line);
    drop(line);
    let screen = Screen::of_stdout();
    match plotted? {
        Plotted::Pictures(pictures, page) => {
            for picture in &pictures {
                print(&terminal::render(picture, screen.width));
            }
            let shown = page.strip_prefix(&course.root).unwrap_or(&page).display().to_string();
            let shown = link(screen.links, &file_url(&page), &shown);
            print(&format!("{} {shown}", paint(DIM, "The same, finer, for your browser:")));
            Ok(Outcome::AllRight)
        }
        Plotted::Broken(explanation) => {
            print(&explanation);
            Ok(Outcome::NotRightYet)
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
    let work = work_folder(course)?;
    let sandbox = Sandbox::choose(SandboxMode::Auto)?;
    let is_ours = submission.folder.starts_with(&course.root);
    let slot = if is_ours {
        Slot::take(&work, &exercise.name, sandbox)?
    } else {
        Slot::take_empty(&work, &exercise.name, sandbox)?
    };
    let pictures = match gallery::draw(course, exercise, submission, kit, &slot, observer)? {
        Drawn::Pictures(pictures) => pictures,
        Drawn::Broken(diagnostics) => {
            let first = diagnostics.iter().find(|diagnostic| diagnostic.level == "error");
            let error = first.map_or("", |first| first.rendered.trim_end());
            return Ok(Plotted::Broken(format!(
                "{error}\nThe code does not compile yet, so there is nothing to draw. cargo run -p grader -- check {} \
                 explains.",
                exercise.number
            )));
        }
    };
    let drawn: Vec<(&Picture, String)> = pictures
        .iter()
        .map(|picture| svg::render(picture).map(|document| (picture, document)))
        .collect::<Result<_>>()?;

    let source = submission.lib();
    let source = source.strip_prefix(&course.root).unwrap_or(&source).to_string_lossy().replace('\\', "/");
    let folder = work.join("pictures").join(&exercise.name);
    let page = folder.join("index.html");
    write(&folder, &drawn)?;
    files::write_atomically(&page, html::render(exercise, &source, &drawn).as_bytes())?;
    Ok(Plotted::Pictures(pictures, page))
}

/// Writes one file a picture into `folder`, and removes those of an earlier run that are no longer drawn.
fn write(folder: &Path, drawn: &[(&Picture, String)]) -> Result<()> {
    files::create_folder(folder)?;
    for (picture, document) in drawn {
        files::write_atomically(&folder.join(format!("{}.svg", picture.id)), document.as_bytes())?;
    }
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let is_drawn = drawn.iter().any(|(picture, _)| path.file_stem().is_some_and(|stem| stem == picture.id));
        if path.extension().is_some_and(|extension| extension == "svg") && !is_drawn {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn print(text: &str) {
    // A reader that has seen enough, such as `head`, is no fault.
    let _ = writeln!(anstream::stdout(), "{text}");
}
