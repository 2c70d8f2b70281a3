//! The page: the lesson on one side, verdict and pictures on the other. All text of a submission's is escaped here.

use std::path::Path;

use anyhow::{Error, Result};
use course::{Course, Exercise, Figure};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use report::{CheckReport, ExerciseStatus, Report, TaskReport, remark, sanitise::clean};
use view::{
    lesson,
    picture::{
        html::{code, with_code},
        svg::escaped,
    },
};
use wire::judge::Status;

use crate::bench::News;

/// The page of an exercise; `key` is the first part of every address, and `lib` the file that is graded.
pub(crate) fn render(course: &Course, exercise: &Exercise, key: &str, lib: &Path) -> Result<String> {
    let (text, _) = lesson::read(course, exercise)?;
    let options: String = course
        .exercises
        .iter()
        .map(|other| {
            let selected = if other.name == exercise.name { " selected" } else { "" };
            let (name, number, title) = (escaped(&other.name), other.number, escaped(&other.title));
            format!("<option value=\"/{key}/{name}\"{selected}>{number} · {title}</option>")
        })
        .collect();
    let lib = lib.strip_prefix(&course.root).unwrap_or(lib);
    let lib = escaped(&lib.to_string_lossy().replace('\\', "/"));
    let questions = match course.quiz(exercise)?.len() {
        0 => "",
        _ => {
            "<h2>Test yourself</h2>\n<p class=\"soft\">Worth no points. Your first answers are kept, as those to <code>quiz</code> are.</p>\n\
              <div id=\"asked-here\"></div>\n"
        }
    };
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{number} · {title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"/{key}/questions.css\">\n\
         <link rel=\"stylesheet\" href=\"/{key}/page.css\">\n<script src=\"/{key}/questions.js\" defer></script>\n<script type=\"module\" src=\"/{key}/page.js\"></script>\n\
         </head>\n<body>\n<a class=\"skip\" href=\"#verdict\">Skip to the verdict</a>\n<header>\n\
         <label>Exercise <select id=\"exercises\">{options}</select></label>\n<span id=\"busy\"></span>\n</header>\n\
         <main>\n<article id=\"lesson\" aria-label=\"Lesson\">\n{lesson}{questions}</article>\n<div id=\"side\">\n\
         <section id=\"verdict\" aria-label=\"Verdict\" tabindex=\"-1\"><p>Waiting for the verdict on <code>{lib}</code> …</p></section>\n\
         <p id=\"said\" role=\"status\" class=\"unseen\"></p>\n\
         <section id=\"pictures\" aria-label=\"Pictures of what your code computes\">\n<h2>Pictures of your code</h2>\n\
         <p class=\"soft\">Strong colours are what <code>{lib}</code> computes; the wide, pale lines behind them are the reference.</p>\n\
         <p id=\"trouble\" role=\"status\">They are drawn after the verdict …</p>\n</section>\n</div>\n</main>\n</body>\n</html>\n",
        number = exercise.number,
        title = escaped(&exercise.title),
        lesson = markdown(course, exercise, key, &text),
    ))
}

/// A lesson as HTML. Links that lead to other lessons lead to their pages.
fn markdown(course: &Course, exercise: &Exercise, key: &str, text: &str) -> String {
    let folder = Path::new("exercises").join(&exercise.name);
    let mut slugs = Slugs::default();
    let mut out = String::new();
    let mut events: Vec<Event<'_>> = Vec::new();
    let mut heading = None;
    let mut block = String::new();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        let event = match event {
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => Event::Start(Tag::Link {
                link_type,
                dest_url: address(course, &folder, key, &dest_url).into(),
                title,
                id,
            }),
            Event::Start(Tag::Image { link_type, dest_url, title, id }) => Event::Start(Tag::Image {
                link_type,
                dest_url: address(course, &folder, key, &dest_url).into(),
                title,
                id,
            }),
            Event::Start(Tag::Heading { .. }) => {
                heading = Some(events.len());
                event
            }
            // What a heading says is what links to it say.
            Event::End(TagEnd::Heading(_)) => {
                if let Some(start) = heading.take() {
                    let words: String = events[start..].iter().filter_map(words).collect();
                    if let Event::Start(Tag::Heading { id, .. }) = &mut events[start] {
                        *id = Some(slugs.next(&words).into());
                    }
                }
                event
            }
            // A block of HTML comes line by line.
            Event::Html(line) => {
                block += &line;
                continue;
            }
            Event::End(TagEnd::HtmlBlock) => {
                let block = std::mem::take(&mut block);
                let figure =
                    Figure::read(&block).map(|figure| figure.html(|file| address(course, &folder, key, &file)));
                events.push(match figure {
                    Some(figure) => Event::Html(figure.into()),
                    None if block.trim_start().starts_with("<!--") => Event::Html(block.into()),
                    None => Event::Text(block.into()),
                });
                event
            }
            Event::InlineHtml(html) if !html.starts_with("<!--") => Event::Text(html),
            event => event,
        };
        events.push(event);
    }
    let events = events.into_iter().map(|event| match event {
        Event::Code(text) => Event::InlineHtml(code(&text).into()),
        event => event,
    });
    html::push_html(&mut out, events);
    // Wide tables and code are scrolled by themselves, with the keyboard as well.
    out.replace("<table>", "<div class=\"wide\" tabindex=\"0\"><table>")
        .replace("</table>", "</table></div>")
        .replace("<pre>", "<pre tabindex=\"0\">")
        // The corner of a table is no heading.
        .replace("<th></th>", "<td></td>")
}

fn words<'a>(event: &'a Event<'_>) -> Option<&'a str> {
    match event {
        Event::Text(text) | Event::Code(text) => Some(text),
        _ => None,
    }
}

/// The ids of headings, as GitHub makes them.
#[derive(Default)]
struct Slugs(Vec<String>);

impl Slugs {
    fn next(&mut self, heading: &str) -> String {
        let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
        let slug: String =
            heading.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect();
        let count = self.0.iter().filter(|earlier| **earlier == slug).count();
        self.0.push(slug.clone());
        if count == 0 { slug } else { format!("{slug}-{count}") }
    }
}

/// Where a link of a lesson leads on the page.
fn address(course: &Course, folder: &Path, key: &str, link: &str) -> String {
    if link.starts_with('#') || link.contains("://") || link.starts_with("mailto:") {
        return link.to_owned();
    }
    let (path, rest) = link.split_once('#').map_or((link, String::new()), |(path, rest)| (path, format!("#{rest}")));
    let Some(path) = lesson::inside(&folder.join(path)) else { return link.to_owned() };
    let exercise = course.exercises.iter().find(|exercise| {
        let home = Path::new("exercises").join(&exercise.name);
        path == home || path == home.join("README.md")
    });
    match exercise {
        Some(exercise) => format!("/{key}/{}{rest}", exercise.name),
        None => format!("/{key}/file/{}{rest}", path.to_string_lossy().replace('\\', "/")),
    }
}

/// What the grader has to say where it could not grade.
pub(crate) fn failure(error: &Error) -> News {
    let said = clean(&format!("{error:#}"));
    News::Verdict {
        html: format!("<h2>Not graded</h2>\n<p>{}</p>\n", escaped_lines(&said)),
        summary: format!("Not graded: {said}"),
    }
}

/// The verdict as a part of the page.
pub(crate) fn verdict(report: &Report) -> News {
    let (score, max) = (report.score(), report.max_score());
    let bonus = match report.bonus_score() {
        0 => String::new(),
        bonus => format!(" and {bonus} bonus"),
    };
    let state = match report.status() {
        ExerciseStatus::Complete => "complete",
        ExerciseStatus::Incomplete => "not complete yet",
        ExerciseStatus::NotStarted => "not started",
        ExerciseStatus::DoesNotCompile => "does not compile",
    };
    let mut html = format!("<h2>Verdict: {score} of {max} points{bonus}, {state}</h2>\n");
    if report.compiled {
        html += "<ul class=\"tasks\">\n";
        for task in report.tasks() {
            let (mark, word) = match () {
                () if task.is_passed() => ("✓", "right"),
                () if task.first_failure().is_some() => ("✗", "wrong"),
                () => ("○", "open"),
            };
            html += &format!(
                "<li class=\"{word}\"><span class=\"mark\" aria-hidden=\"true\">{mark}</span> <span class=\"unseen\">{word}: \
                 </span><code>{}</code> <span class=\"soft\">{} of {}{}</span>",
                escaped(task.name),
                task.points(),
                task.max_points(),
                if task.bonus { " bonus" } else { "" }
            );
            let wrong = task.checks.iter().filter(|check| check.status.is_failure());
            for (number, check) in wrong.enumerate() {
                html += &self::check(check, number == 0);
            }
            if let Some(why) = why_open(&task).filter(|_| report.status() != ExerciseStatus::NotStarted) {
                html += &format!("\n<p class=\"why soft\">{}</p>\n", with_code(why));
            }
            html += "</li>\n";
        }
        html += "</ul>\n";
    } else {
        html += &errors(report);
    }
    let first = report.checks.iter().find(|check| check.status.is_failure());
    let first = first.map_or(String::new(), |check| format!(" {}: {}", check.title, check.message));
    News::Verdict { html, summary: format!("{score} of {max} points, {state}.{first}") }
}

/// Why a task is open in which nothing is wrong and nothing is left to write: its first open check was skipped.
fn why_open<'a>(task: &TaskReport<'a>) -> Option<&'a str> {
    let first = task.checks.iter().copied().find(|check| check.status != Status::Passed)?;
    let is_open = task.first_failure().is_none() && first.status == Status::Skipped;
    is_open.then_some(&first.message)
}

/// A check that failed; its numbers are open to see if it is the first of its task.
fn check(check: &CheckReport, is_first: bool) -> String {
    let place = check.line.map_or(String::new(), |line| {
        let file = check.file.as_deref().unwrap_or("src/lib.rs");
        // A path is broken after a slash rather than within a name.
        let file = escaped(file).replace('/', "/<wbr>");
        format!(" <span class=\"soft\">{file}, line {line}</span>")
    });
    let state = match check.status {
        Status::Crashed => " (panicked)",
        Status::TimedOut => " (took too long)",
        _ => "",
    };
    let open = if is_first { " open" } else { "" };
    let mut html = format!(
        "\n<details{open}><summary>{}{state}{place}</summary>\n<p class=\"says\">{}</p>\n",
        with_code(&check.title),
        with_code(&check.message).replace('\n', "<br>")
    );
    let parts = match &check.diff {
        Some(diff) => vec![("difference", Some(diff))],
        None => vec![("expected", check.expected.as_ref()), ("got", check.observed.as_ref())],
    };
    let printed = Some(&check.output).filter(|output| !output.is_empty());
    for (name, text) in parts.into_iter().chain([("input", check.input.as_ref()), ("printed", printed)]) {
        if let Some(text) = text {
            html += &format!("<p class=\"label\">{name}</p><pre tabindex=\"0\">{}</pre>\n", escaped_lines(text));
        }
    }
    html + "</details>\n"
}

/// The compiler's errors, as it prints them.
fn errors(report: &Report) -> String {
    let mut html = String::new();
    for diagnostic in report.diagnostics.iter().filter(|diagnostic| diagnostic.level == "error") {
        let rendered = plain(&diagnostic.rendered);
        html += &format!("<pre tabindex=\"0\" class=\"rustc\">{}</pre>\n", escaped_lines(rendered.trim_end()));
        let code = diagnostic.code.as_deref();
        if let Some(remark) = code.and_then(|code| remark(code, &diagnostic.message, &diagnostic.label)) {
            html += &format!("<p class=\"says\">{}</p>\n", with_code(remark));
        }
    }
    html
}

/// `text` without colours of a terminal.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// `escaped` takes every control character out, a line break too.
fn escaped_lines(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_shown_and_other_html_is_text() {
        let course = Course::find(None).expect("the course");
        let figure = Figure { id: "elu".to_owned(), alt: "A \u{201c}curve\u{201d}".to_owned() };
        let lesson = format!(
            "{}\nA caption.\n\n<picture><img src=x onerror=x()></picture>\n\nAn <i>end</i>.\n",
            figure.html(|file| file)
        );
        let page = markdown(&course, course.exercise("2").expect("exercise 2"), "key", &lesson);
        let folder = "/key/file/exercises/02_elu/figures/";
        assert!(page.contains(&format!("srcset=\"{folder}elu.dark.svg\"")), "{page}");
        assert!(page.contains(&format!("src=\"{folder}elu.light.svg\"")), "{page}");
        assert!(page.contains("&lt;img src=x") && page.contains("&lt;i&gt;end"), "{page}");
    }

    #[test]
    fn headings_have_the_names_that_github_gives_them() {
        let mut slugs = Slugs::default();
        assert_eq!(slugs.next("What usually goes wrong?"), "what-usually-goes-wrong");
        assert_eq!(slugs.next("The task"), "the-task");
        assert_eq!(slugs.next("The task"), "the-task-1");
    }
}
