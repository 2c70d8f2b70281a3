//! Whether every link of the finished book leads somewhere.
//!
//! A picture that a page shows is copied from the course when it is first met, wherever it lies there. Addresses of other
//! sites are left alone: whether they answer depends on the day.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use course::{Course, files};
use html5ever::{
    tendril::StrTendril,
    tokenizer::{BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states::RawKind},
};
use view::lesson;

use crate::chapters::{Chapter, is_picture, slashes};

/// What a page links to, and what can be linked to in it.
#[derive(Default)]
struct Page {
    links: Vec<String>,
    ids: HashSet<String>,
}

/// Reads the tags of a page.
#[derive(Default)]
struct Reader(RefCell<Page>);

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else { return TokenSinkResult::Continue };
        let mut page = self.0.borrow_mut();
        for attribute in &tag.attrs {
            let value = attribute.value.to_string();
            match &*attribute.name.local {
                "id" => drop(page.ids.insert(value)),
                "href" | "src" => page.links.push(value),
                "srcset" => {
                    let addresses = value.split(',').filter_map(|part| part.split_whitespace().next());
                    page.links.extend(addresses.map(str::to_owned));
                }
                _ => {}
            }
        }
        match (&*tag.name, tag.kind) {
            ("script", TagKind::StartTag) => TokenSinkResult::RawData(RawKind::ScriptData),
            ("style", TagKind::StartTag) => TokenSinkResult::RawData(RawKind::Rawtext),
            _ => TokenSinkResult::Continue,
        }
    }
}

fn read(html: &str) -> Page {
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(html));
    let reader = Tokenizer::new(Reader::default(), TokenizerOpts::default());
    let _ = reader.feed(&queue);
    reader.end();
    reader.sink.0.take()
}

/// The links of the book in `folder` that lead nowhere, each with the file and the line that it stands in.
pub(crate) fn check(
    course: &Course,
    folder: &Path,
    chapters: &[Chapter<'_>],
    repository: Option<&str>,
) -> Result<Vec<String>> {
    let mut pages = HashMap::new();
    for file in files::files_below(folder)? {
        if file.extension().is_some_and(|extension| extension == "html") {
            let html = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let path = file.strip_prefix(folder).unwrap_or(&file).to_owned();
            pages.insert(path, read(&html));
        }
    }
    let mut broken = Vec::new();
    let mut names: Vec<&PathBuf> = pages.keys().collect();
    names.sort();
    for name in names {
        for link in &pages[name].links {
            if let Some(why) = fault(course, folder, &pages, name, link, repository)? {
                broken.push(format!("{}: {why}", place(course, chapters, name, link)));
            }
        }
    }
    broken.dedup();
    Ok(broken)
}

/// Why a link leads nowhere.
fn fault(
    course: &Course,
    folder: &Path,
    pages: &HashMap<PathBuf, Page>,
    page: &Path,
    link: &str,
    repository: Option<&str>,
) -> Result<Option<String>> {
    let in_repository = repository.and_then(|address| link.strip_prefix(address)?.strip_prefix("/blob/HEAD/"));
    if let Some(path) = in_repository {
        let path = path.split('#').next().unwrap_or(path);
        return Ok((!course.root.join(path).exists()).then(|| format!("`{path}` is not in the repository")));
    }
    let is_elsewhere = link.contains("://") || ["mailto:", "data:"].iter().any(|start| link.starts_with(start));
    if is_elsewhere || link.is_empty() {
        return Ok(None);
    }
    let (path, fragment) = link.split_once('#').map_or((link, None), |(path, fragment)| (path, Some(fragment)));
    let target = match path {
        "" => Some(page.to_owned()),
        path => lesson::inside(&page.parent().unwrap_or(Path::new("")).join(path)),
    };
    let Some(target) = target else { return Ok(Some(format!("`{link}` leads out of the book"))) };
    let there = folder.join(&target);
    let in_course = course.root.join(&target);
    if !there.is_file() && is_picture(&target) && in_course.is_file() {
        files::create_folder(there.parent().unwrap_or(folder))?;
        fs::copy(&in_course, &there).with_context(|| format!("cannot copy {}", in_course.display()))?;
    }
    if !there.is_file() {
        return Ok(Some(format!("there is no `{link}`")));
    }
    let is_named = |page: &Page| fragment.is_none_or(|fragment| fragment.is_empty() || page.ids.contains(fragment));
    let is_fine = pages.get(&target).is_none_or(is_named);
    Ok((!is_fine).then(|| format!("there is no heading for `{link}`")))
}

/// Where a link of a page stands in the course.
fn place(course: &Course, chapters: &[Chapter<'_>], page: &Path, link: &str) -> String {
    let source = chapters.iter().find(|chapter| chapter.path.with_extension("html") == page);
    let Some(source) = source.and_then(|chapter| chapter.source.as_ref()) else { return slashes(page) };
    let text = fs::read_to_string(course.root.join(source)).unwrap_or_default();
    // mdBook has made pages of Markdown files.
    let as_written = [link.to_owned(), link.replacen("index.html", "README.md", 1), link.replacen(".html", ".md", 1)];
    let line = text.lines().position(|line| as_written.iter().any(|link| line.contains(link)));
    match line {
        Some(line) => format!("{}:{}", slashes(source), line + 1),
        None => slashes(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chapters::inside;

    #[test]
    fn all_that_is_linked_to_is_read() {
        let page = read(
            "<picture><source media=\"x\" srcset=\"a.svg 2x, b.svg\"><img src='c.svg' alt></picture>\
             <script>'<a href=\"none\">'</script><h2 id=\"here\"><a href=#here>x</a></h2>",
        );
        assert_eq!(page.links, ["a.svg", "b.svg", "c.svg", "#here"]);
        assert!(page.ids.contains("here"));
    }

    #[test]
    fn links_stay_in_the_course() {
        let lesson = Path::new("exercises/02_x/README.md");
        assert_eq!(inside(lesson, "../01_y/README.md#z"), Some("exercises/01_y/README.md".into()));
        assert_eq!(inside(lesson, "../../../other"), None);
        assert_eq!(inside(lesson, "https://example.org/x.md"), None);
        assert_eq!(inside(lesson, "#here"), None);
    }
}
