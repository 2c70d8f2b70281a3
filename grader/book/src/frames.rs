//! Pictures that can be varied, without code that runs: frames that the reference has computed beforehand.
//!
//! A picture that a question asks to predict has no slider, which would give the answer away: the page shows it after the answer.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use course::{Course, Exercise, files};
use judge::picture::{Control, Kind, Picture, Scale};
use learner::quiz;
use runner::{Gallery, Kit, Observer, Opened, Sandbox, SandboxMode, Slot, StatusLine, Submission};
use serde_json::json;
use view::{
    figures,
    picture::{
        html::with_code,
        svg::{self, escaped},
    },
    plot,
};
use wire::judge::Controls;

/// How many frames a control has at most.
const FRAMES: usize = 13;

/// Where the frames of a chapter lie, beside its page.
pub(crate) const FOLDER: &str = "frames";

/// Draws the frames of an exercise into `folder`, and returns the part of the chapter that shows them.
pub(crate) fn draw(course: &Course, exercise: &Exercise, folder: &Path) -> Result<String> {
    let line = StatusLine::new();
    let predicted: Vec<String> =
        course.quiz(exercise)?.iter().filter_map(|question| quiz::picture(question).map(str::to_owned)).collect();
    let kit = Kit::open(course, exercise)?;
    let slot = Slot::take(&course.work_folder()?.join("drawn"), &exercise.name, Sandbox::choose(SandboxMode::Auto)?)?;
    let solution = Submission::solution(course, exercise);
    let Opened::Gallery(mut gallery) = Gallery::open(course, exercise, &solution, &kit, &slot, &line)? else {
        bail!("the solution of {} does not compile", exercise.name);
    };
    let mut section = String::new();
    for picture in plot::pictures(&mut gallery, Controls::new(), &line)? {
        if predicted.contains(&picture.id) {
            write(folder, &picture.id.clone(), picture)?;
            continue;
        }
        let mut varied: Vec<_> =
            picture.controls.iter().filter_map(|control| Some((control, values(control)?))).collect();
        // A training that can be played shows most; the sort keeps the order of the others.
        varied.sort_by_key(|(control, _)| !matches!(control.kind, Kind::Whole { played: true, .. }));
        let varied = varied.into_iter().next();
        if let Some((control, values)) = varied {
            section += &one(&mut gallery, &picture, control, &values, folder, &line)?;
        }
    }
    Ok(match &*section {
        "" => section,
        figures => format!(
            "\n\n## Pictures to vary\n\nHere the solution stands in for your code, and each picture has one control. The page \
             of `{0} serve {1}` runs your own code and has all controls.\n\n{figures}",
            course.grader(),
            exercise.number
        ),
    })
}

/// A picture at all these values of one control.
fn one(
    gallery: &mut Gallery,
    picture: &Picture,
    control: &Control,
    values: &[(f64, String)],
    folder: &Path,
    observer: &dyn Observer,
) -> Result<String> {
    for (at, (value, _)) in values.iter().enumerate() {
        let varied = Controls::from([(format!("{}/{}", picture.id, control.name), vec![*value])]);
        let drawn = plot::pictures(gallery, varied, observer)?.into_iter().find(|other| other.id == picture.id);
        let drawn = drawn.with_context(|| format!("{} is not drawn at {value}", picture.id))?;
        write(folder, &format!("{}-{at}", picture.id), drawn)?;
    }
    let others: Vec<String> =
        picture.controls.iter().filter(|other| other.name != control.name).map(|other| escaped(&other.name)).collect();
    let others = match &*others {
        [] => String::new(),
        others => format!("\n<p>The page of <code>serve</code> varies these as well: {}.</p>", others.join(", ")),
    };
    let usual = control.value.first().copied().unwrap_or(values[0].0);
    let distance = |at: &usize| (values[*at].0 - usual).abs();
    let start = (0..values.len()).min_by(|one, other| distance(one).total_cmp(&distance(other))).unwrap_or(0);
    let names: Vec<&String> = values.iter().map(|(_, name)| name).collect();
    Ok(format!(
        "<figure class=\"frames\" data-name=\"{}\" data-values=\"{}\" data-start=\"{start}\">\n\
         <p class=\"title\">{}</p>\n<img class=\"{}\" alt=\"{}\" src=\"{FOLDER}/{}-{start}.svg\">\n\
         <figcaption>{}{others}</figcaption>\n</figure>\n\n",
        escaped(&control.name),
        escaped(&json!(names).to_string()),
        with_code(&picture.title),
        // "Darker" means something for shades, so they are not turned round on a dark page.
        if picture.rasters.is_empty() { "frame" } else { "frame shades" },
        escaped(&picture.title),
        picture.id,
        with_code(&picture.caption),
    ))
}

/// Draws a picture of the solution into a file beside the page.
fn write(folder: &Path, name: &str, picture: Picture) -> Result<()> {
    let frames = folder.join(FOLDER);
    files::create_folder(&frames)?;
    let path = frames.join(format!("{name}.svg"));
    let document = svg::render(&figures::alone(picture))?;
    fs::write(&path, document).with_context(|| format!("cannot write {}", path.display()))
}

/// The values of a control that are drawn, and their names; nothing if it is no slider and no choice.
fn values(control: &Control) -> Option<Vec<(f64, String)>> {
    let share = |at: usize, count: usize| at as f64 / (count - 1).max(1) as f64;
    let values = match &control.kind {
        Kind::Number { low, high, scale } => (0..FRAMES)
            .map(|at| match scale {
                Scale::Log => low * (high / low).powf(share(at, FRAMES)),
                Scale::Linear => low + (high - low) * share(at, FRAMES),
            })
            .map(|value| (value, judge::picture::number(value)))
            .collect(),
        Kind::Whole { low, high, .. } => {
            let count = FRAMES.min(high - low + 1);
            let of = |at| (*low as f64 + (high - low) as f64 * share(at, count)).round();
            (0..count).map(of).map(|value| (value, value.to_string())).collect()
        }
        Kind::Choice(names) => names.iter().enumerate().map(|(at, name)| (at as f64, name.clone())).collect(),
        Kind::Seed | Kind::Points { .. } | Kind::Pixels { .. } => return None,
    };
    Some(values)
}
