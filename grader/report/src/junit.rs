//! The reports as JUnit XML, for CI servers: a test suite for each exercise, a test case for each check.
//!
//! It keeps to what the schemas of Jenkins' xUnit plugin and of Maven's Surefire have in common. They know properties of a
//! suite but not of a test case, so that is where the points are.

use super::{CheckReport, ExerciseStatus, Report, plain};
use crate::sanitise::clean;
use wire::judge::Status;

/// The reports as one document.
pub fn render(reports: &[Report]) -> String {
    let suites: Vec<Suite> = reports.iter().map(Suite::new).collect();
    let sum = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>().to_string();
    let milliseconds = reports.iter().map(|report| report.duration_ms).sum();
    let course = reports.first().map_or("", |report| &report.course);
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    xml += &open(
        "testsuites",
        &[
            ("name", course),
            ("tests", &sum(|suite| suite.tests)),
            ("failures", &sum(|suite| suite.failures)),
            ("errors", &sum(|suite| suite.errors)),
            ("time", &seconds(milliseconds)),
        ],
    );
    xml.push('\n');
    for suite in &suites {
        xml += &suite.xml;
    }
    xml + "</testsuites>\n"
}

/// The suite of one exercise, and its counts.
struct Suite {
    xml: String,
    tests: usize,
    failures: usize,
    errors: usize,
}

impl Suite {
    fn new(report: &Report) -> Self {
        let count = |wanted: fn(Status) -> bool| report.checks.iter().filter(|check| wanted(check.status)).count();
        // The checks of code that does not compile are skipped, and a suite of skipped tests would look all right.
        let broken = usize::from(report.status() == ExerciseStatus::DoesNotCompile);
        let tests = report.checks.len() + broken;
        let failures = count(|status| outcome(status) == Some("failure"));
        let errors = count(|status| outcome(status) == Some("error")) + broken;
        let skipped = count(|status| outcome(status) == Some("skipped"));
        let mut xml = "  ".to_owned();
        xml += &open(
            "testsuite",
            &[
                ("name", &report.exercise.name),
                ("tests", &tests.to_string()),
                ("failures", &failures.to_string()),
                ("errors", &errors.to_string()),
                ("skipped", &skipped.to_string()),
                ("time", &seconds(report.duration_ms)),
            ],
        );
        xml += "\n    <properties>\n";
        for (name, value) in properties(report) {
            xml += &format!("      {}\n", empty("property", &[("name", &name), ("value", &value)]));
        }
        xml += "    </properties>\n";
        if broken == 1 {
            let case = [("name", "the code compiles"), ("classname", &*report.exercise.name), ("time", "0.000")];
            let message = report.errors().next().map_or("", |error| &error.message);
            xml += &test_case(&case, &element("error", "does_not_compile", message, &plain::errors(report)));
        }
        for check in &report.checks {
            xml += &check_case(report, check);
        }
        xml += "  </testsuite>\n";
        Self { xml, tests, failures, errors }
    }
}

/// The points of the exercise and of each check, and where the report comes from.
fn properties(report: &Report) -> Vec<(String, String)> {
    let mut properties: Vec<(String, String)> = [
        ("score", report.score()),
        ("max_score", report.max_score()),
        ("bonus_score", report.bonus_score()),
        ("max_bonus", report.max_bonus()),
    ]
    .map(|(name, points)| (name.to_owned(), points.to_string()))
    .into();
    properties.extend(report.provenance_as_text().map(|(name, value)| (name.to_owned(), value)));
    for check in &report.checks {
        properties.push((format!("points.{}", check.id), check.points.to_string()));
        properties.push((format!("max_points.{}", check.id), check.max_points.to_string()));
    }
    properties
}

/// The element that says what became of a check; none says that it passed.
fn outcome(status: Status) -> Option<&'static str> {
    match status {
        Status::Passed => None,
        Status::Failed => Some("failure"),
        Status::Crashed | Status::TimedOut => Some("error"),
        Status::NotStarted | Status::Skipped => Some("skipped"),
    }
}

fn check_case(report: &Report, check: &CheckReport) -> String {
    let attributes =
        [("name", &*check.title), ("classname", &report.exercise.name), ("time", &seconds(check.duration_ms))];
    let mut inside = String::new();
    match outcome(check.status) {
        Some("skipped") => {
            inside += &format!("      {}\n", empty("skipped", &[("message", &check.message)]));
        }
        Some(name) => {
            let kind = check.mistake.as_deref().unwrap_or(check.status.name());
            inside += &element(name, kind, &check.message, &plain::details(check));
        }
        None => {}
    }
    if !check.output.is_empty() {
        inside += &format!("      <system-out>{}</system-out>\n", text(&check.output));
    }
    test_case(&attributes, &inside)
}

fn test_case(attributes: &[(&str, &str)], inside: &str) -> String {
    match inside {
        "" => format!("    {}\n", empty("testcase", attributes)),
        _ => format!("    {}\n{inside}    </testcase>\n", open("testcase", attributes)),
    }
}

/// A failure or an error.
fn element(name: &str, kind: &str, message: &str, details: &str) -> String {
    format!("      {}{}</{name}>\n", open(name, &[("type", kind), ("message", message)]), text(details))
}

fn open(name: &str, attributes: &[(&str, &str)]) -> String {
    format!("<{}>", tag(name, attributes))
}

fn empty(name: &str, attributes: &[(&str, &str)]) -> String {
    format!("<{}/>", tag(name, attributes))
}

fn tag(name: &str, attributes: &[(&str, &str)]) -> String {
    let attributes = attributes.iter().map(|(name, value)| format!(" {name}=\"{}\"", attribute(value)));
    format!("{name}{}", attributes.collect::<String>())
}

/// Schemas want a plain number of seconds.
fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

fn attribute(value: &str) -> String {
    text(value).replace('\n', "&#10;").replace('\t', "&#9;").replace('"', "&quot;")
}

/// XML has no way at all to write some characters; [`clean`] leaves none of these.
fn text(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use roxmltree::{Document, Node};

    use super::{super::samples, *};

    /// What may be said of an element.
    struct Rule {
        name: &'static str,
        parent: &'static str,
        required: &'static [&'static str],
        optional: &'static [&'static str],
        text: bool,
    }

    const fn rule(
        name: &'static str,
        parent: &'static str,
        required: &'static [&'static str],
        optional: &'static [&'static str],
        text: bool,
    ) -> Rule {
        Rule { name, parent, required, optional, text }
    }

    /// What the schemas allow, as far as both do: `types/model/xsd/junit-10.xsd` of Jenkins' xUnit plugin, as of its
    /// version 2, and `surefire-test-report.xsd` of Maven, whose root is a `testsuite`. Elements side by side stand in
    /// the order of this table.
    const RULES: [Rule; 9] = [
        rule("testsuites", "", &[], &["name", "time", "tests", "failures", "errors"], false),
        rule("testsuite", "testsuites", &["name", "tests", "failures", "errors", "skipped", "time"], &[], false),
        rule("properties", "testsuite", &[], &[], false),
        rule("property", "properties", &["name", "value"], &[], false),
        rule("testcase", "testsuite", &["name", "classname", "time"], &[], false),
        rule("failure", "testcase", &["type"], &["message"], true),
        rule("error", "testcase", &["type"], &["message"], true),
        rule("skipped", "testcase", &[], &["message"], true),
        rule("system-out", "testcase", &[], &[], true),
    ];

    /// The document, held against the rules.
    fn assert_valid(xml: &str) {
        let document = Document::parse(xml).unwrap_or_else(|error| panic!("{error}: {xml}"));
        assert!(document.root_element().has_tag_name("testsuites"));
        for node in document.descendants().filter(Node::is_element) {
            let name = node.tag_name().name();
            let rule = RULES.iter().find(|rule| rule.name == name);
            let Rule { parent, required, optional, text, .. } =
                rule.unwrap_or_else(|| panic!("there is no element {name}"));
            let place = |node: Node<'_, '_>| RULES.iter().position(|rule| node.has_tag_name(rule.name));
            assert!(node.children().filter(Node::is_element).is_sorted_by_key(place), "the order in {name}");
            let above = node.parent_element().map_or("", |above| above.tag_name().name());
            assert_eq!(above, *parent, "where {name} stands");
            let attributes: Vec<&str> = node.attributes().map(|attribute| attribute.name()).collect();
            assert!(required.iter().all(|wanted| attributes.contains(wanted)), "{name} has {attributes:?}");
            assert!(attributes.iter().all(|one| required.contains(one) || optional.contains(one)), "{attributes:?}");
            let blank =
                node.children().filter(Node::is_text).all(|text| text.text().unwrap_or_default().trim().is_empty());
            assert!(blank || *text, "text in {name}");
            // A number of seconds, such as 0.061.
            let time = node.attribute("time").unwrap_or("0.0");
            assert!(time.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit())), "{time}");
            for (counts, counted) in
                [("failures", "failure"), ("errors", "error"), ("skipped", "skipped"), ("tests", "testcase")]
            {
                let number = node.descendants().filter(|below| below.has_tag_name(counted)).count();
                let said = node.attribute(counts).filter(|_| name.starts_with("testsuite"));
                assert_eq!(said.unwrap_or(&number.to_string()), number.to_string(), "{counts} of {name}");
            }
        }
    }

    fn property(document: &Document<'_>, name: &str) -> String {
        let property = document.descendants().find(|node| node.attribute("name") == Some(name)).unwrap();
        property.attribute("value").unwrap().to_owned()
    }

    #[test]
    fn a_ci_server_gets_a_suite_for_each_exercise() {
        let xml = render(&samples::all());
        assert_valid(&xml);
        let document = Document::parse(&xml).unwrap();
        assert_eq!(document.descendants().filter(|node| node.has_tag_name("testsuite")).count(), 3);
        let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
        assert!(cases.iter().all(|case| case.attribute("classname") == Some("04_mae")));
        let failure = cases[1].first_element_child().unwrap();
        assert_eq!((failure.tag_name().name(), failure.attribute("type")), ("failure", Some("not_averaged")));
        assert!(failure.text().unwrap().contains("y_pred = [3, 1]"));
        let kinds: Vec<_> =
            cases[..8].iter().map(|case| case.first_element_child().map(|e| e.tag_name().name())).collect();
        let [failed, error, skipped] = [Some("failure"), Some("error"), Some("skipped")];
        assert_eq!(kinds, [None, failed, failed, failed, error, skipped, skipped, error]);
        assert_eq!(property(&document, "points.mae_loss"), "2");
        assert_eq!(property(&document, "max_points.mae_grad"), "2");
        assert_eq!(property(&document, "rustc_version"), "rustc 1.91.0");
    }

    #[test]
    fn code_that_does_not_compile_is_an_error_and_not_a_list_of_skipped_tests() {
        let xml = render(&[samples::broken()]);
        assert_valid(&xml);
        let document = Document::parse(&xml).unwrap();
        let error = document.descendants().find(|node| node.has_tag_name("error")).unwrap();
        assert!(error.text().unwrap().starts_with("error[E0277]"));
        assert_eq!(property(&document, "course_commit"), "none");
    }

    #[test]
    fn text_comes_back_as_it_was() {
        let mut report = samples::report();
        report.checks[1].message = "a < b && \"c\" > ']]>'\n\ttab".to_owned();
        let xml = render(&[report.clone()]);
        let document = Document::parse(&xml).unwrap();
        let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
        assert_eq!(failure.attribute("message"), Some(&*report.checks[1].message));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_document(report in samples::hostile()) {
            let xml = render(&[report]);
            assert_valid(&xml);
            prop_assert!(!xml.lines().any(|line| line.trim_start().starts_with("::")), "{}", xml);
        }
    }
}
