//! Pictures that can be varied, without code that runs: frames that the reference has computed beforehand.
//!
//! A picture that a question asks to predict is left out: it would give the answer away.

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
const FOLDER: &str = "frames";

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
        let mut varied: Vec<_> =
            picture.controls.iter().filter_map(|control| Some((control, values(control)?))).collect();
        // A training that can be played shows most; the sort keeps the order of the others.
        varied.sort_by_key(|(control, _)| !matches!(control.kind, Kind::Whole { played: true, .. }));
        let varied = varied.into_iter().next();
        if let Some((control, values)) = varied.filter(|_| !predicted.contains(&picture.id)) {
            section += &one(&mut gallery, &picture, control, &values, folder, &line)?;
        }
    }
    Ok(match &*section {
        "" => section,
        figures => format!(
            "\n\n## Pictures to vary\n\nHere the solution stands in for your code, and each picture has one control. The \
             other controls of which a caption speaks are on the page of `{0} serve {1}`, which runs your own code, and \
             `{0} plot {1}` draws what it computes.\n\n{figures}",
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
    let frames = folder.join(FOLDER);
    files::create_folder(&frames)?;
    for (at, (value, _)) in values.iter().enumerate() {
        let varied = Controls::from([(format!("{}/{}", picture.id, control.name), vec![*value])]);
        let drawn = plot::pictures(gallery, varied, observer)?.into_iter().find(|other| other.id == picture.id);
        let drawn = drawn.with_context(|| format!("{} is not drawn at {value}", picture.id))?;
        let path = frames.join(format!("{}-{at}.svg", picture.id));
        let document = svg::render(&figures::alone(drawn))?;
        fs::write(&path, document).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let usual = control.value.first().copied().unwrap_or(values[0].0);
    let distance = |at: &usize| (values[*at].0 - usual).abs();
    let start = (0..values.len()).min_by(|one, other| distance(one).total_cmp(&distance(other))).unwrap_or(0);
    let names: Vec<&String> = values.iter().map(|(_, name)| name).collect();
    Ok(format!(
        "<figure class=\"frames\" data-name=\"{}\" data-values=\"{}\" data-start=\"{start}\">\n\
         <p class=\"title\">{}</p>\n<img class=\"{}\" alt=\"{}\" src=\"{FOLDER}/{}-{start}.svg\">\n\
         <figcaption>{}</figcaption>\n</figure>\n\n",
        escaped(&control.name),
        escaped(&json!(names).to_string()),
        with_code(&picture.title),
        // Shades mean something, so they are not turned round on a dark page.
        if picture.rasters.is_empty() { "frame" } else { "frame shades" },
        escaped(&picture.title),
        picture.id,
        with_code(&picture.caption),
    ))
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
