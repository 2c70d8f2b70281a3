//! `grader plot --figures`: the figures of a lesson, as the reference solution computes them.

use std::process::ExitCode;

use anyhow::{Result, bail};
use course::{Course, Exercise, Figure, UsageError};
use judge::picture::{Axes, Picture, Role, YOURS};
use runner::{Gallery, Kit, Observer, Opened, Sandbox, SandboxMode, Slot, StatusLine, Submission};
use wire::judge::Controls;

use crate::{lesson, picture::svg, plot, print};

pub(crate) fn show(course: &Course, exercise: &Exercise) -> Result<ExitCode> {
    let kit = Kit::open(course, exercise)?;
    let sandbox = Sandbox::choose(SandboxMode::Auto)?;
    let line = StatusLine::new();
    let drawn = draw(course, exercise, &kit, sandbox, &line);
    drop(line);
    let drawn = drawn?;
    if drawn.is_empty() {
        print("The lesson shows no figure. The CONTRIBUTING.md of Neuronlings says how it names one.");
        return Ok(ExitCode::SUCCESS);
    }
    let folder = Submission::of_learner(course, exercise).folder.join("figures");
    plot::write(&folder, &drawn)?;
    for (name, _) in drawn {
        print(&format!("exercises/{}/figures/{name}", exercise.name));
    }
    Ok(ExitCode::SUCCESS)
}

/// The names of the files in `figures/` that the lesson of `exercise` shows, and what belongs into them.
fn draw(
    course: &Course,
    exercise: &Exercise,
    kit: &Kit,
    sandbox: Sandbox,
    observer: &dyn Observer,
) -> Result<Vec<(String, String)>> {
    let (lesson, folder) = lesson::read(course, exercise)?;
    let lesson_is = || folder.join("README.md").display().to_string();
    let figures = Figure::all(&lesson).map_err(|error| UsageError(format!("{}, {error}", lesson_is())))?;
    if figures.is_empty() {
        return Ok(Vec::new());
    }
    let solution = Submission::solution(course, exercise);
    let slot = Slot::take(&course.work_folder()?.join("figures"), &exercise.name, sandbox)?;
    let Opened::Gallery(mut gallery) = Gallery::open(course, exercise, &solution, kit, &slot, observer)? else {
        bail!("the solution of {} does not compile", exercise.name);
    };
    let pictures = plot::pictures(&mut gallery, Controls::new(), observer)?;
    let mut drawn = Vec::new();
    for figure in figures {
        let Some(picture) = pictures.iter().find(|picture| picture.id == figure.id) else {
            let ids: Vec<&str> = pictures.iter().map(|picture| picture.id.as_str()).collect();
            let ids = ids.join(", ");
            let complaint = format!("{} shows the figure `{}`, but pictures.rs draws {ids}", lesson_is(), figure.id);
            return Err(UsageError(complaint).into());
        };
        let light = svg::render(&alone(picture.clone()))?;
        let dark = svg::dark(&light);
        let names = figure.files().map(|file| file.trim_start_matches("figures/").to_owned());
        drawn.extend(names.into_iter().zip([light, dark]));
    }
    Ok(drawn)
}

/// What right code draws, without the reference behind it, which is the same.
pub fn alone(mut picture: Picture) -> Picture {
    // The range of an axis comes from the reference.
    let axes = Axes::of(&picture, 0);
    for (axis, shown) in [(&mut picture.x, axes.x), (&mut picture.y, axes.y)] {
        axis.range = axis.range.or(Some((shown.number(0.0), shown.number(1.0))));
    }
    picture.series.retain(|series| !matches!(series.role, Role::Reference(_)));
    for series in &mut picture.series {
        if series.name == YOURS {
            series.name.clear();
        } else if let Some(name) = series.name.strip_prefix("your ") {
            series.name = name.to_owned();
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    /// A figure may be read on a telephone.
    const MAX_BYTES: usize = 60 << 10;

    /// By how much places may differ, in the units of a view box, of which a figure is 4,480 wide: an eighth of a
    /// millimetre. The last digits of a training depend on the processor.
    const PLACE: f64 = 8.0;

    #[test]
    fn the_figures_in_the_documentation_are_what_the_solutions_compute() {
        let course = &Course::find(Some(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))).unwrap();
        for exercise in &course.exercises {
            let kit = Kit::open_quietly(course, exercise, &|_| ()).unwrap();
            // The sandbox is the view started again, and this is not the view.
            let drawn = draw(course, exercise, &kit, Sandbox::None, &()).unwrap();
            assert!(!drawn.is_empty(), "the lesson of {} has no figure", exercise.name);
            let folder = course.root.join("exercises").join(&exercise.name).join("figures");
            if std::env::var_os("UPDATE_DOCS").is_some() {
                plot::write(&folder, &drawn).unwrap();
            }
            for (name, document) in &drawn {
                let kept = fs::read_to_string(folder.join(name)).unwrap_or_default().replace('\r', "");
                assert!(
                    looks_like(&kept, document),
                    "exercises/{}/figures/{name} is old; `UPDATE_DOCS=1 cargo test -p view documentation` draws it again",
                    exercise.name
                );
                assert!(document.len() <= MAX_BYTES, "{}/{name} has {} bytes", exercise.name, document.len());
            }
            let names: BTreeSet<_> = drawn.into_iter().map(|(name, _)| name).collect();
            let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let files: BTreeSet<_> = files.filter(|file| file.ends_with(".svg")).collect();
            assert_eq!(files, names, "{}", exercise.name);
        }
    }

    /// Whether two drawings are the same to the eye: the same elements and words, at nearly the same places.
    fn looks_like(one: &str, other: &str) -> bool {
        let tags = |document: &str| document.split('<').map(str::to_owned).collect::<Vec<_>>();
        let (one, other) = (tags(one), tags(other));
        one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| is_like(one, other))
    }

    /// A tag without its `<`, and the words behind it. A number is a place unless it belongs to a colour.
    fn is_like(one: &str, other: &str) -> bool {
        let ((one, words), (other, others)) =
            (one.rsplit_once('>').unwrap_or((one, "")), other.rsplit_once('>').unwrap_or((other, "")));
        let pieces =
            |tag: &str| tag.split([' ', '"', ',', 'M', 'h', 'v', 'H', 'z']).map(str::to_owned).collect::<Vec<_>>();
        let (one, other) = (pieces(one), pieces(other));
        let near = |(one, other): (&String, &String)| match (one.parse::<f64>(), other.parse::<f64>()) {
            (Ok(one), Ok(other)) => (one - other).abs() <= PLACE,
            _ => one == other,
        };
        words == others && one.len() == other.len() && one.iter().zip(&other).all(near)
    }

    #[test]
    fn a_drawing_may_differ_by_less_than_the_eye_sees() {
        let drawing = "<polyline stroke=\"#0072B2\" points=\"40,50 60,70 \"/>\n<path d=\"M10,20h30v40H10z\"/>\n\
             <text x=\"40\" y=\"50\">\nalpha = 1\n</text>\n";
        let is_like = |find: &str, with: &str| looks_like(drawing, &drawing.replacen(find, with, 1));
        assert!(is_like("60,70", "60,70") && is_like("60,70", "68,62"));
        assert!(is_like("h30v40H10", "h31v38H10"));
        assert!(!is_like("60,70", "69,70"), "a line somewhere else");
        assert!(!is_like("h30v40", "h30v49"), "a higher bar");
        assert!(!is_like("60,70 ", ""), "a shorter line");
        assert!(!is_like("#0072B2", "#0072B3"), "another colour");
        assert!(!is_like("alpha = 1", "alpha = 2"), "another word");
    }

    #[test]
    fn a_figure_shows_the_reference_alone() {
        use judge::picture::{Axis, Both, Mark};

        let mut picture = Picture::new("id", "title", Axis::new("x"), Axis::new("y"));
        for (n, name) in [YOURS, "your step", "alpha = 1"].into_iter().enumerate() {
            let points = vec![(0.0, 0.0), (1.0, 1.0)];
            picture.compare(name, Mark::Line, n, Both { reference: points.clone(), learner: Ok(points) });
        }
        let alone = alone(picture.clone());
        let names: Vec<_> = alone.legend().into_iter().map(|(name, ..)| name).collect();
        assert_eq!((alone.series.len(), names), (3, vec!["step".to_owned(), "alpha = 1".to_owned()]));
        let ranges = [&picture, &alone].map(|picture| Axes::of(picture, 5)).map(|axes| (axes.y.low, axes.y.high));
        assert_eq!(ranges[0], ranges[1]);
    }
}
