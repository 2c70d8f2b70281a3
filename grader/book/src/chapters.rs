//! Which files are chapters of the book, and where their links lead.
//!
//! A page lies in the book where its file lies in the course, so most links and all pictures stay as they are.

use std::{
    collections::HashSet,
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use course::{Course, Exercise};
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};
use view::lesson;

/// A page of the book.
pub(crate) struct Chapter<'a> {
    /// The file of the course that it shows; the map has none.
    pub(crate) source: Option<PathBuf>,
    /// Where mdBook finds it.
    pub(crate) path: PathBuf,
    /// In the table of contents.
    pub(crate) title: String,
    /// In Markdown.
    pub(crate) text: String,
    /// Whose lesson it is.
    pub(crate) exercise: Option<&'a Exercise>,
}

/// The chapters in their order: the course's own page, the map, the lessons, and what these link to.
pub(crate) fn read<'a>(course: &'a Course, repository: Option<&str>) -> Result<Vec<Chapter<'a>>> {
    let lessons = course.exercises.iter().map(|exercise| (lesson::path(exercise), Some(exercise)));
    let front = course.root.join("README.md").is_file().then(|| (PathBuf::from("README.md"), None));
    let mut sources: Vec<(PathBuf, Option<&Exercise>)> = front.into_iter().chain(lessons).collect();
    let mut texts = Vec::new();
    // The list grows while it is read.
    while let Some((source, _)) = sources.get(texts.len()).cloned() {
        let path = course.root.join(&source);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for link in links(&text) {
            if let Some(file) = inside(&source, &link.to)
                && is_page(course, &file)
                && !sources.iter().any(|(known, _)| *known == file)
            {
                sources.push((file, None));
            }
        }
        texts.push(text);
    }
    let mut sources: Vec<_> = sources.into_iter().zip(texts).collect();
    // What lies beside a lesson stands below it; the lesson was first.
    sources.sort_by_key(|((source, _), _)| {
        let lesson = course.exercises.iter().position(|exercise| source.starts_with(folder(exercise)));
        if source == Path::new("README.md") { 0 } else { lesson.map_or(usize::MAX, |at| at + 1) }
    });
    let pages: HashSet<PathBuf> = sources.iter().map(|((source, _), _)| source.clone()).collect();
    let mut chapters = Vec::new();
    for ((source, exercise), text) in sources {
        let title = match exercise {
            Some(exercise) => format!("{} · {}", exercise.number, exercise.title),
            None if source == Path::new("README.md") => course.title.clone(),
            None => heading(&text).unwrap_or_else(|| source.display().to_string()),
        };
        let text = redirected(course, &source, &text, &pages, repository);
        chapters.push(Chapter { path: page(&source), source: Some(source), title, text, exercise });
    }
    let first_lesson = chapters.iter().position(|chapter| chapter.exercise.is_some()).unwrap_or(chapters.len());
    chapters.insert(first_lesson, map(course)?);
    Ok(chapters)
}

/// The folder of an exercise.
fn folder(exercise: &Exercise) -> PathBuf {
    Path::new("exercises").join(&exercise.name)
}

/// mdBook's table of contents.
pub(crate) fn summary(chapters: &[Chapter<'_>]) -> String {
    let escaped = |title: &str| title.replace(['[', ']', '\\'], "");
    let mut text = "# Summary\n\n".to_owned();
    let mut part = "";
    let mut lesson: Option<&Exercise> = None;
    for chapter in chapters {
        let below = lesson.is_some_and(|lesson| chapter.path.starts_with(folder(lesson)));
        let (own_part, indent) = match () {
            () if chapter.exercise.is_some() => ("Lessons", ""),
            () if part.is_empty() => ("", ""),
            () if below => (part, "  "),
            () => ("Further", ""),
        };
        if own_part != part {
            text += &format!("\n# {own_part}\n\n");
            part = own_part;
        }
        let bullet = if part.is_empty() { String::new() } else { format!("{indent}- ") };
        text += &format!("{bullet}[{}](<{}>)\n", escaped(&chapter.title), slashes(&chapter.path));
        lesson = chapter.exercise.or(lesson);
    }
    text
}

/// The map as a picture whose boxes are links and, for those who do not see it, as a list.
fn map(course: &Course) -> Result<Chapter<'_>> {
    let address = |name: &str| Some(format!("exercises/{name}/index.html"));
    // An empty line would end the HTML.
    let picture: Vec<String> = view::map::picture_of(course, address)?
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect();
    let mut text = format!(
        "# The map\n\nEach exercise stands below those that it builds on. The list below says the same.\n\n\
         <div class=\"map\" tabindex=\"0\" role=\"region\" aria-label=\"Which exercise builds on which\">\n{}\n</div>\n\n",
        picture.join("\n")
    );
    for exercise in &course.exercises {
        let needed = |name: &String| course.exercises.iter().find(|other| other.name == *name);
        let needed: Vec<String> =
            exercise.requires.iter().filter_map(needed).map(|needed| needed.number.to_string()).collect();
        let needs = if needed.is_empty() { String::new() } else { format!(": builds on {}", needed.join(", ")) };
        let page = slashes(&page(&lesson::path(exercise)));
        text += &format!("- [{} · {}]({page}){needs}\n", exercise.number, exercise.title);
    }
    Ok(Chapter { source: None, path: "map.md".into(), title: "The map".to_owned(), text, exercise: None })
}

/// A link in Markdown.
struct Link {
    /// Where it stands in the text.
    at: Range<usize>,
    to: String,
}

/// The links of a text that are written `[like](this)`.
fn links(text: &str) -> Vec<Link> {
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter();
    let link = |(event, at)| match event {
        Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, .. }) => {
            Some(Link { at, to: dest_url.into_string() })
        }
        _ => None,
    };
    events.filter_map(link).collect()
}

/// The file of the course that a link in `source` leads to; nothing if it leads out of the course.
pub(crate) fn inside(source: &Path, link: &str) -> Option<PathBuf> {
    let path = link.split(['#', '?']).next().unwrap_or_default();
    if path.is_empty() || link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    lesson::inside(&source.parent().unwrap_or(Path::new("")).join(path))
}

/// Whether a linked file is read as a page: Markdown that is no answer.
fn is_page(course: &Course, file: &Path) -> bool {
    let is_answer = file.starts_with("solutions") || file.starts_with("grader/hidden");
    file.extension().is_some_and(|extension| extension == "md") && !is_answer && course.root.join(file).is_file()
}

/// Where mdBook finds the chapter of a file: a README is the first page of its folder.
fn page(source: &Path) -> PathBuf {
    if source.file_name().is_some_and(|name| name == "README.md") {
        source.with_file_name("index.md")
    } else {
        source.to_owned()
    }
}

/// `text` with links that lead to pages of the book, to the repository, or, where that is not known, nowhere.
fn redirected(
    course: &Course,
    source: &Path,
    text: &str,
    pages: &HashSet<PathBuf>,
    repository: Option<&str>,
) -> String {
    let mut out = text.to_owned();
    for link in links(text).into_iter().rev() {
        let Some(file) = inside(source, &link.to) else { continue };
        let whole = &text[link.at.clone()];
        let Some((words, _)) = whole.rsplit_once("](") else { continue };
        let (path, fragment) = link.to.find('#').map_or((&*link.to, ""), |at| link.to.split_at(at));
        let there = course.root.join(&file);
        let readme = file.join("README.md");
        let new = if pages.contains(&file) {
            format!("{words}]({}{fragment})", slashes(&page(Path::new(path))))
        } else if pages.contains(&readme) {
            format!("{words}]({}/index.md{fragment})", path.trim_end_matches('/'))
        } else if is_picture(&file) || !there.exists() {
            // The pictures come with the pages; what is not there is told of when all links are checked.
            continue;
        } else if let Some(repository) = repository {
            format!("{words}]({repository}/blob/HEAD/{}{fragment})", slashes(&file))
        } else {
            words[1..].to_owned()
        };
        out.replace_range(link.at, &new);
    }
    out
}

/// Whether a file is a picture.
pub(crate) fn is_picture(file: &Path) -> bool {
    file.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| {
        ["svg", "png", "jpg", "jpeg", "gif", "webp", "avif"].contains(&extension.to_ascii_lowercase().as_str())
    })
}

/// The words of the first heading.
fn heading(text: &str) -> Option<String> {
    let mut words = None;
    for event in Parser::new(text) {
        match (event, &mut words) {
            (Event::Start(Tag::Heading { .. }), None) => words = Some(String::new()),
            (Event::Text(text) | Event::Code(text), Some(words)) => *words += &text,
            (Event::End(pulldown_cmark::TagEnd::Heading(_)), _) => break,
            _ => {}
        }
    }
    words
}

/// A path as addresses have it.
pub(crate) fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
