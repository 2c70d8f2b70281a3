//! The server: it listens on this machine alone, and answers only to those who know the key in the address.
//!
//! Other pages of the same browser can send requests to it. What keeps them out: the key, which they cannot know; the `Host`
//! header, which has to name this machine, so that a name which was made to point here is refused; and the `Origin` header
//! of whatever changes something.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path as Parts, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{
        Html, IntoResponse, Redirect, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::{get, post},
};
use course::Course;
use learner::quiz::{self, Answers};
use runner::Submission;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_stream::{Stream, StreamExt, wrappers::BroadcastStream};
use view::{
    lesson,
    picture::svg::escaped,
    questions::{self, Asking, Said},
    watch::files::{self, Watcher},
};

use crate::{
    bench::{Bench, News, Wish},
    page,
};

/// What a page may do: load what this server sends, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The largest wish: an image to draw on and a few hundred points.
const MAX_BODY: usize = 256 << 10;

/// How often files are looked at, in case there are no file events.
const LOOK: Duration = Duration::from_millis(200);

struct App {
    course: Arc<Course>,
    key: String,
    port: u16,
    first: String,
    /// What is shown of the first exercise, if it is not what the learner has written.
    folder: Option<PathBuf>,
    benches: Mutex<HashMap<usize, Arc<Bench>>>,
    /// What the files of each bench looked like when they were last looked at.
    looks: Mutex<HashMap<usize, String>>,
    /// By the index of the exercise and the question's id.
    sittings: Mutex<HashMap<(usize, String), Sitting>>,
}

/// How far the pages have come with a question: all of them show the same.
struct Sitting {
    /// Of the order of the options.
    seed: u64,
    answers: Vec<String>,
    /// What was said to the last answer.
    said: Option<Said>,
}

/// Serves until it is stopped.
///
/// # Errors
///
/// If the port is not free.
pub(crate) fn run(course: Course, exercise: &str, port: u16, opens: bool, folder: Option<PathBuf>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.with_context(|| {
            format!("cannot listen on port {port}; is another `serve` running? Without --port any free one is taken")
        })?;
        let port = listener.local_addr()?.port();
        let key = format!("{:032x}", u128::from_ne_bytes(random()?));
        let address = format!("http://127.0.0.1:{port}/{key}/{exercise}");
        let app = Arc::new(App {
            course: Arc::new(course),
            key,
            port,
            first: exercise.to_owned(),
            folder,
            benches: Mutex::default(),
            looks: Mutex::default(),
            sittings: Mutex::default(),
        });
        let _watcher = watch(&app);
        println(&format!("Serving {address}"));
        println("Keep this address to yourself: it contains a key. Ctrl-C ends it.");
        if opens && open::that_detached(&address).is_err() {
            println("No browser could be started: open the address in one.");
        }
        axum::serve(listener, router(app)).await.context("the server has failed")
    })
}

fn println(line: &str) {
    use std::io::Write;
    let _ = writeln!(anstream::stdout(), "{line}");
}

fn random() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("the system provides no random numbers")?;
    Ok(bytes)
}

/// Grades again what is saved, by the system's file events and by looking.
fn watch(app: &Arc<App>) -> Watcher {
    let weak = Arc::downgrade(app);
    let watcher = Watcher::new(&app.course, move |index| {
        if let Some(app) = weak.upgrade() {
            app.look(index);
        }
    });
    let app = app.clone();
    tokio::spawn(async move {
        let mut answers: HashMap<usize, Option<SystemTime>> = HashMap::new();
        loop {
            tokio::time::sleep(LOOK).await;
            let shown: Vec<usize> = app.benches().keys().copied().collect();
            for index in shown {
                let at = quiz::answered_at(&app.course, &app.course.exercises[index]);
                if answers.insert(index, at).is_some_and(|before| before != at) {
                    app.answered(index);
                }
                app.look(index);
            }
        }
    });
    watcher
}

impl App {
    fn benches(&self) -> std::sync::MutexGuard<'_, HashMap<usize, Arc<Bench>>> {
        self.benches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.course.exercises.iter().position(|exercise| exercise.name == name)
    }

    /// The bench of an exercise, which begins to work when a page first shows it.
    fn bench(&self, name: &str) -> Option<Arc<Bench>> {
        let index = self.index(name)?;
        self.looks().entry(index).or_insert_with(|| files::look(&self.submission(index)));
        let new = || Arc::new(Bench::new(self.course.clone(), index, self.folder_of(index)));
        Some(self.benches().entry(index).or_insert_with(new).clone())
    }

    /// The folder that is shown in the place of the learner's.
    fn folder_of(&self, index: usize) -> Option<PathBuf> {
        self.folder.clone().filter(|_| self.course.exercises[index].name == self.first)
    }

    /// What is shown of an exercise.
    fn submission(&self, index: usize) -> Submission {
        let learners = || Submission::of_learner(&self.course, &self.course.exercises[index]);
        self.folder_of(index).map_or_else(learners, Submission::new)
    }

    fn answered(&self, index: usize) {
        if let Some(bench) = self.benches().get(&index) {
            let _ = bench.news.send(News::Answered);
        }
    }

    /// Does something with the sitting on a question, which begins when it is first shown.
    fn sit<T>(&self, index: usize, question: &str, act: impl FnOnce(&mut Sitting) -> Result<T>) -> Result<T> {
        let [a, b, c, d, ..] = random()?;
        let new = || Sitting { seed: u32::from_ne_bytes([a, b, c, d]).into(), answers: Vec::new(), said: None };
        let mut sittings = self.sittings.lock().unwrap_or_else(PoisonError::into_inner);
        act(sittings.entry((index, question.to_owned())).or_insert_with(new))
    }

    fn looks(&self) -> std::sync::MutexGuard<'_, HashMap<usize, String>> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grades again what has changed since the last look. An event and the clock may both ask for a look at the same save.
    fn look(&self, index: usize) {
        let Some(bench) = self.benches().get(&index).cloned() else { return };
        let look = files::look(&self.submission(index));
        if self.looks().insert(index, look.clone()).is_some_and(|before| before != look) {
            bench.grade();
        }
    }
}

fn router(app: Arc<App>) -> Router {
    let below = Router::new()
        .route("/", get(first))
        .route("/page.css", get(|| async { style(include_str!("page.css")) }))
        .route("/page.js", get(|| async { script(include_str!("page.js")) }))
        .route("/questions.css", get(|| async { style(questions::STYLE) }))
        .route("/questions.js", get(|| async { script(questions::SCRIPT) }))
        .route("/file/{*path}", get(file))
        .route("/{exercise}", get(show))
        .route("/{exercise}/news", get(news))
        .route("/{exercise}/draw", post(draw))
        .route("/{exercise}/questions", get(ask))
        .route("/{exercise}/answer", post(answer));
    Router::new()
        .nest(&format!("/{}", app.key), below)
        .fallback(|| async {
            refused(StatusCode::NOT_FOUND, "There is nothing here. Use the whole address, including its key.")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .with_state(app)
}

fn refused(code: StatusCode, why: &str) -> Response {
    (code, format!("{why}\n")).into_response()
}

/// Refuses what does not come from a page of this server, and says what a page may do.
async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = if is_ours(request.headers(), app.port) {
        next.run(request).await
    } else {
        refused(StatusCode::FORBIDDEN, "This server answers only its own pages.")
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether `Host` names this server, and `Origin`, where there is one, a page of it.
fn is_ours(headers: &HeaderMap, port: u16) -> bool {
    let names = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    host.is_some_and(|host| names.iter().any(|name| name == host))
        && origin.is_none_or(|origin| names.iter().any(|name| origin == format!("http://{name}")))
}

async fn first(State(app): State<Arc<App>>) -> Redirect {
    Redirect::to(&format!("/{}/{}", app.key, app.first))
}

fn style(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], text).into_response()
}

fn script(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], text).into_response()
}

async fn show(State(app): State<Arc<App>>, Parts(exercise): Parts<String>) -> Response {
    let Some(index) = app.index(&exercise) else {
        return refused(StatusCode::NOT_FOUND, "There is no such exercise.");
    };
    let lib = app.submission(index).lib();
    match page::render(&app.course, &app.course.exercises[index], &app.key, &lib) {
        Ok(page) => Html(page).into_response(),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error:#}")),
    }
}

/// Files that lessons link to: pictures and texts, but neither solutions nor hidden files.
async fn file(State(app): State<Arc<App>>, Parts(path): Parts<String>) -> Response {
    let nothing = || refused(StatusCode::NOT_FOUND, "There is no such file to show.");
    let Some(path) = lesson::inside(Path::new(&path)) else { return nothing() };
    let kind = match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("md" | "rs" | "toml") => "text/plain; charset=utf-8",
        _ => return nothing(),
    };
    let is_shown =
        ["exercises", "docs", "datasets", "README.md", "reference"].iter().any(|start| path.starts_with(start));
    let whole = app.course.root.join(&path);
    // A link in a learner's folder may lead anywhere.
    let stays =
        whole.canonicalize().is_ok_and(|real| app.course.root.canonicalize().is_ok_and(|root| real.starts_with(root)));
    match tokio::task::spawn_blocking(move || std::fs::read(whole)).await {
        Ok(Ok(bytes)) if is_shown && stays => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        _ => nothing(),
    }
}

/// What happens to an exercise, as it happens.
async fn news(State(app): State<Arc<App>>, Parts(exercise): Parts<String>) -> Response {
    let Some(bench) = app.bench(&exercise) else {
        return refused(StatusCode::NOT_FOUND, "There is no such exercise.");
    };
    let to_come = BroadcastStream::new(bench.news.subscribe()).filter_map(Result::ok);
    let events = tokio_stream::iter(bench.verdict()).chain(to_come);
    let events = events.map(|news| Ok::<_, Infallible>(Event::default().json_data(news).unwrap_or_default()));
    stream(events, bench)
}

/// The bench is held as long as somebody listens.
fn stream(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static, bench: Arc<Bench>) -> Response {
    let held = events.map(move |event| {
        let _ = &bench;
        event
    });
    Sse::new(held).keep_alive(KeepAlive::default()).into_response()
}

async fn draw(State(app): State<Arc<App>>, Parts(exercise): Parts<String>, Json(wish): Json<Wish>) -> Response {
    let Some(bench) = app.bench(&exercise) else {
        return refused(StatusCode::NOT_FOUND, "There is no such exercise.");
    };
    match bench.draw(wish).await {
        Some(drawn) => Json(drawn).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

/// A question, and how it stands with it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    asking: Asking,
    state: &'static str,
    answers: Vec<String>,
    said: Option<Said>,
}

/// A new answer to a question.
#[derive(Deserialize)]
struct Given {
    question: String,
    answer: String,
}

/// The questions about an exercise, with what was answered on the pages.
async fn ask(State(app): State<Arc<App>>, Parts(exercise): Parts<String>) -> Response {
    let asked = || -> Result<Option<Vec<Shown>>> {
        let Some(index) = app.index(&exercise) else { return Ok(None) };
        let exercise = &app.course.exercises[index];
        let answers = Answers::read(&Submission::of_learner(&app.course, exercise).folder)?;
        let shown = app.course.quiz(exercise)?.into_iter().map(|question| {
            let state = match answers.to(&question.id) {
                Some(answered) if answered.is_understood() => "understood",
                Some(_) => "not right at first",
                None => "",
            };
            let id = question.id.clone();
            app.sit(index, &id, |Sitting { seed, answers, said }| {
                Ok(Shown { asking: Asking::new(question, *seed), state, answers: answers.clone(), said: said.clone() })
            })
        });
        shown.collect::<Result<_>>().map(Some)
    };
    told(asked())
}

/// What is said to an answer. The first one is noted where `grader quiz` notes it.
async fn answer(State(app): State<Arc<App>>, Parts(exercise): Parts<String>, Json(given): Json<Given>) -> Response {
    let said = || -> Result<Option<Said>> {
        let Some(index) = app.index(&exercise) else { return Ok(None) };
        let exercise = &app.course.exercises[index];
        let Some(question) = app.course.quiz(exercise)?.into_iter().find(|question| question.id == given.question)
        else {
            return Ok(None);
        };
        app.sit(index, &given.question, |sitting| {
            let answers = [&sitting.answers[..], &[given.answer]].concat();
            let Some((mut said, first)) = questions::reply(question, sitting.seed, &answers) else { return Ok(None) };
            // Of another's code nothing is noted.
            if let Some(first) = first.filter(|_| app.folder_of(index).is_none())
                && let Err(error) = quiz::note(&app.course, exercise, &given.question, first.right, &first.given)
            {
                said.says += &format!("<p>This answer is not noted: {}</p>", escaped(&format!("{error:#}")));
            }
            if said.verdict != "unclear" {
                (sitting.answers, sitting.said) = (answers, Some(said.clone()));
                app.answered(index);
            }
            Ok(Some(said))
        })
    };
    told(said())
}

fn told<T: Serialize>(found: Result<Option<T>>) -> Response {
    match found {
        Ok(Some(found)) => Json(found).into_response(),
        Ok(None) => refused(StatusCode::NOT_FOUND, "There is no such question."),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error:#}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_pages_of_this_server_are_answered() {
        let ours = |host, origin| is_ours(&headers(host, origin), 8000);
        assert!(ours("127.0.0.1:8000", None));
        assert!(ours("localhost:8000", Some("http://localhost:8000")));
        assert!(!ours("evil.example:8000", None), "a name that was made to point here");
        assert!(!ours("127.0.0.1:8001", None));
        assert!(!ours("127.0.0.1:8000", Some("http://evil.example")));
        assert!(!ours("127.0.0.1:8000", Some("null")));
        assert!(!is_ours(&HeaderMap::new(), 8000));
    }
}
