//! The book of this course, and of one with figures and faults, as `grader book` makes it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the course is there")
}

fn book(course: &Path, folder: &Path, repository: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_book")).args([course, folder]).args([repository, "-"]).output().expect("it starts")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A course of two exercises. Its first lesson has a figure in light and dark, and links to files of every kind.
fn small_course() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    let exercise = |name: &str, requires: &str| {
        format!(
            "[[exercise]]\nname = \"{name}\"\ntitle = \"{name} [x]\"\nminutes = 1\nrequires = [{requires}]\n\
             [[exercise.task]]\nname = \"t\"\npoints = 1\n"
        )
    };
    let course =
        format!("format_version = 1\ntitle = \"Small\"\n{}{}", exercise("01_a", ""), exercise("02_b", "\"01_a\""));
    write("course.toml", &course);
    write(
        "exercises/01_a/README.md",
        "# 1 · A\n\n<picture>\n  <source media=\"(prefers-color-scheme: dark)\" srcset=\"figures/f.dark.svg\">\n  \
         <img alt=\"A line\" src=\"figures/f.light.svg\">\n</picture>\n\n\
         The code is [`src/lib.rs`](src/lib.rs), and [the next](../02_b/README.md#the-task) and [its folder](../02_b) \
         and [a page](../../docs/page.md).\n\nA [site](https://example.org/x). \"Quotes\" -- stay {{#include x}}.\n\n\
         term\n: is no definition\n",
    );
    write("exercises/01_a/figures/f.light.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    write("exercises/01_a/figures/f.dark.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    write("exercises/01_a/src/lib.rs", "");
    write("exercises/02_b/README.md", "# 2 · B\n\n## The task\n\nBack to [one](../01_a/README.md).\n");
    write("docs/page.md", "# A page\n\n![one](../exercises/01_a/figures/f.light.svg)\n");
    folder
}

#[test]
fn every_lesson_of_this_course_is_a_chapter_in_order_with_search_the_map_and_questions() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = book(&root(), folder.path(), "https://example.org/owner/name");
    assert!(output.status.success(), "{}", text(&output));
    let read =
        |path: &str| fs::read_to_string(folder.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));

    let course = course::Course::find(Some(&root())).expect("the course");
    let contents = read("toc.html");
    let places: Vec<_> = course
        .exercises
        .iter()
        .map(|exercise| contents.find(&format!("exercises/{}/index.html", exercise.name)).expect(&exercise.name))
        .collect();
    assert!(places.is_sorted());
    for exercise in &course.exercises {
        let page = read(&format!("exercises/{}/index.html", exercise.name));
        assert!(page.contains("<h2 id=\"the-formula\">") || page.contains("<h2"), "{}", exercise.name);
        // Scripts of a module or from a server would not run from a file.
        assert!(!page.contains("type=\"module\"") && !page.contains("src=\"http"), "{}", exercise.name);
        assert!(page.contains("<script src=\"answers.js\" defer"), "{}", exercise.name);
        let answers = read(&format!("exercises/{}/answers.js", exercise.name));
        let asked: serde_json::Value =
            serde_json::from_str(answers.trim().trim_start_matches("askInBook(").trim_end_matches(", null);"))
                .expect("JSON");
        let questions = course.quiz(exercise).expect("questions");
        assert_eq!(asked.as_array().map(Vec::len), Some(questions.len()));
        assert!(!page.contains("askInBook("), "answers are in the script");
    }
    assert!(read("map.html").contains("<a href=\"exercises/02_elu/index.html\" aria-label="));
    let index = fs::read_dir(folder.path()).expect("a folder").filter_map(Result::ok);
    assert!(index.map(|file| file.file_name()).any(|name| name.to_string_lossy().starts_with("searchindex")));
    let said = read("exercises/01_perceptron/index.html");
    assert!(said.contains("https://example.org/owner/name/blob/HEAD/exercises/01_perceptron/src/lib.rs"));

    // It is made again in the same place, with the same bytes.
    assert!(book(&root(), folder.path(), "https://example.org/owner/name").status.success());
    assert_eq!(read("exercises/01_perceptron/index.html"), said);
}

#[test]
fn a_lesson_keeps_its_words_and_its_figures_and_its_links_lead_to_pages() {
    let (course, folder) = (small_course(), tempfile::tempdir().expect("a temporary folder"));
    let output = book(course.path(), folder.path(), "-");
    assert!(output.status.success(), "{}", text(&output));
    let page = fs::read_to_string(folder.path().join("exercises/01_a/index.html")).expect("a page");
    for part in [
        "srcset=\"figures/f.dark.svg\"",
        "The code is <code>src/lib.rs</code>,",
        "<a href=\"../02_b/index.html#the-task\">the next</a>",
        "<a href=\"../02_b/index.html\">its folder</a>",
        "<a href=\"../../docs/page.html\">a page</a>",
        "\"Quotes\" -- stay {{#include x}}.",
        "term\n: is no definition",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    for file in ["exercises/01_a/figures/f.dark.svg", "exercises/01_a/figures/f.light.svg", "docs/page.html"] {
        assert!(folder.path().join(file).is_file(), "{file}");
    }
    let map = fs::read_to_string(folder.path().join("map.html")).expect("a page");
    assert!(map.contains("2 · 02_b [x]</a>: builds on 1"), "{map}");
}

#[test]
fn a_link_that_leads_nowhere_is_told_with_its_line() {
    let (course, folder) = (small_course(), tempfile::tempdir().expect("a temporary folder"));
    let lesson = course.path().join("exercises/02_b/README.md");
    let links =
        "[a](../03_c/README.md)\n\n[b](../01_a/README.md#nothing)\n\n![c](figures/none.svg)\n\n[d](../../../x.md)\n";
    fs::write(&lesson, format!("# 2 · B\n\n## The task\n\n{links}")).expect("a lesson");
    let output = book(course.path(), folder.path(), "-");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    for fault in [
        "exercises/02_b/README.md:5: there is no `../03_c/README.html`",
        "exercises/02_b/README.md:7: there is no heading for `../01_a/index.html#nothing`",
        "exercises/02_b/README.md:9: there is no `figures/none.svg`",
        "exercises/02_b/README.md:11: `../../../x.html` leads out of the book",
    ] {
        assert!(text(&output).contains(fault), "{fault}\n{}", text(&output));
    }
}

#[test]
fn nothing_but_a_book_is_replaced() {
    let (course, folder) = (small_course(), tempfile::tempdir().expect("a temporary folder"));
    fs::write(folder.path().join("thesis.txt"), "three years").expect("a file");
    let output = book(course.path(), folder.path(), "-");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("is not empty and holds no book"), "{}", text(&output));
    assert!(folder.path().join("thesis.txt").is_file());
    let output = book(course.path(), &folder.path().join("thesis.txt"), "-");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("is a file; name a folder"), "{}", text(&output));
}

#[test]
fn a_book_is_replaced_by_a_new_one_and_what_lies_beside_it_stays() {
    let (course, folder) = (small_course(), tempfile::tempdir().expect("a temporary folder"));
    assert!(book(course.path(), folder.path(), "-").status.success());
    fs::create_dir(folder.path().join(".git")).expect("a folder");
    for name in ["CNAME", ".git/HEAD"] {
        fs::write(folder.path().join(name), "mine").expect("a file");
    }
    let readme = course.path().join("exercises/01_a/README.md");
    let lesson = fs::read_to_string(&readme).expect("a lesson");
    fs::write(&readme, lesson.replace(" and [a page](../../docs/page.md)", "")).expect("a lesson");
    let output = book(course.path(), folder.path(), "-");
    assert!(output.status.success(), "{}", text(&output));
    for name in ["CNAME", ".git/HEAD", "exercises/01_a/index.html"] {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
    assert!(!folder.path().join("docs/page.html").exists(), "a page that is gone is taken away");
}
