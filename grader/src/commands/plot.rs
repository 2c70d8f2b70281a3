//! `grader plot`: pictures of what a learner's code computes.

use std::{fs, io::Write, path::Path};

use anyhow::{Context, Result};

use super::{Outcome, current, submission};
use crate::{
    bench::{Kit, Slot, work_folder},
    cli::{DEFAULT_SEED, PlotArgs},
    course::Course,
    files,
    gallery::{self, Drawn},
    grade::grade,
    picture::{Picture, html, svg, terminal},
    report::{
        ExerciseStatus, Terminal,
        style::{DIM, paint},
    },
};

pub(crate) fn run(args: &PlotArgs) -> Result<Outcome> {
    let course = Course::find()?;
    let exercise = match &args.exercise {
        Some(wanted) => course.exercise(wanted)?,
        None => current(&course, |exercise| {
            let kit = Kit::open(&course, exercise)?;
            let slot = Slot::take(&work_folder(&course)?, &exercise.name)?;
            let submission = submission(&course, exercise, None, args.solution)?;
            let report = grade(&course, exercise, &submission, &kit, &slot, DEFAULT_SEED)?;
            Ok(report.status() == ExerciseStatus::Complete)
        })?,
    };
    let submission = submission(&course, exercise, args.source.as_deref(), args.solution)?;
    let kit = Kit::open(&course, exercise)?;
    let work = work_folder(&course)?;
    let slot = Slot::take(&work, &exercise.name)?;
    let pictures = match gallery::draw(&course, exercise, &submission, &kit, &slot)? {
        Drawn::Pictures(pictures) => pictures,
        Drawn::Broken(diagnostics) => {
            if let Some(first) = diagnostics.iter().find(|diagnostic| diagnostic.level == "error") {
                print(first.rendered.trim_end());
            }
            print(&format!(
                "The code does not compile yet, so there is nothing to draw. cargo run -p grader -- check {} explains.",
                exercise.number
            ));
            return Ok(Outcome::NotRightYet);
        }
    };
    let drawn: Vec<(Picture, String)> = pictures
        .into_iter()
        .map(|picture| svg::render(&picture).map(|document| (picture, document)))
        .collect::<Result<_>>()?;

    let source = submission.lib();
    let source = source.strip_prefix(&course.root).unwrap_or(&source).to_string_lossy().replace('\\', "/");
    let folder = work.join("pictures").join(&exercise.name);
    let page = folder.join("index.html");
    write(&folder, &drawn)?;
    files::write_atomically(&page, html::render(exercise, &source, &drawn).as_bytes())?;

    let width = Terminal::of_stdout(None).width;
    for (picture, _) in &drawn {
        print(&terminal::render(picture, width));
    }
    let shown = page.strip_prefix(&course.root).unwrap_or(&page);
    print(&format!("{} {}", paint(DIM, "The same, finer, for your browser:"), shown.display()));
    Ok(Outcome::AllRight)
}

/// Writes one file a picture into `folder`, and removes those of an earlier run that are no longer drawn.
fn write(folder: &Path, drawn: &[(Picture, String)]) -> Result<()> {
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
