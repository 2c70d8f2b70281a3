//! One exercise at work: it grades what was saved, and draws the learner's own code as often as a control is moved.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use anyhow::{Result, bail};
use course::{Course, Exercise};
use judge::picture::Picture;
use learner::Checking;
use report::Report;
use runner::{
    CalledOff, Gallery, Grading, Kit, Observer, Opened, Options, Sandbox, SandboxMode, Slot, Stage, Submission,
};
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, oneshot};
use view::{picture::svg, plot};
use wire::{frame, judge::Controls};

use crate::page;

/// News for the pages that show an exercise.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum News {
    /// What the exercise is busy with.
    Busy {
        /// A few words.
        what: String,
    },
    /// The verdict on what was saved last.
    Verdict {
        /// As part of the page.
        html: String,
        /// In one sentence, for a screen reader.
        summary: String,
    },
    /// A question was answered, on a page or in the terminal.
    Answered,
}

/// What a page asks for when it has to be drawn.
#[derive(Debug, Deserialize)]
pub(crate) struct Wish {
    /// The page, by a number of its own choice: it waits for its newest wish alone.
    page: u64,
    /// What was varied.
    controls: Controls,
    /// The pictures that it shows already, by their versions.
    known: BTreeMap<String, String>,
}

/// What comes of a wish.
#[derive(Debug, Serialize)]
pub(crate) struct Drawn {
    /// Why there are no pictures.
    error: Option<String>,
    /// All pictures, in order.
    pictures: Vec<Shown>,
}

/// A picture for a page.
#[derive(Debug, Serialize)]
struct Shown {
    id: String,
    version: String,
    /// What has changed since; nothing if the page shows it already.
    #[serde(flatten)]
    content: Option<Content>,
}

#[derive(Debug, Serialize)]
struct Content {
    title: String,
    caption: String,
    svg: String,
    /// Whether it holds shades, whose "darker" means something.
    shades: bool,
    frame: svg::Frame,
    controls: Vec<judge::picture::Control>,
}

enum Order {
    /// Grade what the learner has written.
    Grade,
    /// Draw it; `None` is for a wish that a newer one has replaced.
    Draw(Wish, oneshot::Sender<Option<Drawn>>),
}

/// An exercise that is shown on some page. Its thread ends with the last one who holds it.
pub(crate) struct Bench {
    orders: Sender<Order>,
    /// To those who listen.
    pub(crate) news: broadcast::Sender<News>,
    shared: Arc<Shared>,
}

/// What the thread of a bench and those who order share.
#[derive(Default)]
struct Shared {
    /// The present piece of work is of no use any more.
    called_off: AtomicBool,
    verdict: Mutex<Option<News>>,
    /// Which page the present drawing is for.
    drawing_for: Mutex<Option<u64>>,
}

impl Bench {
    /// Begins to grade the exercise with this index.
    ///
    /// What is graded is in `folder`, or it is what the learner has written.
    pub(crate) fn new(course: Arc<Course>, index: usize, folder: Option<PathBuf>) -> Self {
        let (orders, inbox) = mpsc::channel();
        let (news, _) = broadcast::channel(64);
        let shared = Arc::<Shared>::default();
        let worker = Worker { course, index, folder, news: news.clone(), shared: shared.clone() };
        thread::spawn(move || worker.work(&inbox));
        let bench = Self { orders, news, shared };
        bench.grade();
        bench
    }

    /// Grades it again: something was saved.
    pub(crate) fn grade(&self) {
        self.shared.called_off.store(true, Ordering::Relaxed);
        let _ = self.orders.send(Order::Grade);
    }

    /// Draws it; nothing if a newer wish of the same page has come in between.
    pub(crate) async fn draw(&self, wish: Wish) -> Option<Drawn> {
        if *lock(&self.shared.drawing_for) == Some(wish.page) {
            self.shared.called_off.store(true, Ordering::Relaxed);
        }
        let (sender, drawn) = oneshot::channel();
        self.orders.send(Order::Draw(wish, sender)).ok()?;
        drawn.await.ok()?
    }

    /// The verdict on what was saved last, if it is known already.
    pub(crate) fn verdict(&self) -> Option<News> {
        lock(&self.shared.verdict).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Worker {
    course: Arc<Course>,
    index: usize,
    /// Of a submission that is not the learner's own.
    folder: Option<PathBuf>,
    news: broadcast::Sender<News>,
    shared: Arc<Shared>,
}

impl Observer for Worker {
    fn on_stage(&self, stage: Stage) {
        let _ = self.news.send(News::Busy { what: stage.to_string() });
    }

    fn has_called_off(&self) -> bool {
        self.shared.called_off.load(Ordering::Relaxed)
    }
}

impl Worker {
    fn exercise(&self) -> &Exercise {
        &self.course.exercises[self.index]
    }

    fn work(self, inbox: &Receiver<Order>) {
        // What was saved last, ready to be drawn.
        let mut gallery = None;
        while let Ok(first) = inbox.recv() {
            self.shared.called_off.store(false, Ordering::Relaxed);
            let mut grades = false;
            let mut wishes: Vec<(Wish, oneshot::Sender<Option<Drawn>>)> = Vec::new();
            for order in std::iter::once(first).chain(inbox.try_iter()) {
                match order {
                    Order::Grade => grades = true,
                    Order::Draw(wish, sender) => {
                        // The answer to a page's older wish is that there is none.
                        wishes.retain(|(older, _)| older.page != wish.page);
                        wishes.push((wish, sender));
                    }
                }
            }
            if grades {
                gallery = None;
                self.grade();
            }
            for (wish, sender) in wishes {
                *lock(&self.shared.drawing_for) = Some(wish.page);
                let drawn = match self.draw(&mut gallery, &wish) {
                    Err(error) if error.is::<CalledOff>() => None,
                    Err(error) => Some(Drawn { error: Some(format!("{error:#}")), pictures: Vec::new() }),
                    Ok(drawn) => Some(drawn),
                };
                *lock(&self.shared.drawing_for) = None;
                let _ = sender.send(drawn);
            }
        }
    }

    fn submission(&self) -> Submission {
        match &self.folder {
            Some(folder) => Submission::new(folder.clone()),
            None => Submission::of_learner(&self.course, self.exercise()),
        }
    }

    /// A place to compile in, which is not that of `check`: that would have to go without its cache.
    fn slot(&self, sandbox: Sandbox) -> Result<Slot> {
        Slot::take(&self.course.work_folder()?.join("served"), &self.exercise().name, sandbox)
    }

    fn kit(&self) -> Result<Kit> {
        let on_line = |line: &str| drop(self.news.send(News::Busy { what: line.to_owned() }));
        Kit::open_quietly(&self.course, self.exercise(), &on_line)
    }

    /// Grades what the learner has written, and tells it.
    fn grade(&self) {
        let report = || -> Result<Report> {
            let (options, sandbox) = (Options::default(), Sandbox::choose(SandboxMode::Auto)?);
            if self.folder.is_some() {
                let slot = &self.slot(sandbox)?;
                let (course, exercise, kit) = (&*self.course, self.exercise(), &self.kit()?);
                let grading = Grading { course, exercise, kit, slot, options, observer: self };
                return Ok(grading.grade(&self.submission())?.report);
            }
            let how = Checking { options, sandbox, again: false, observer: self };
            Ok(learner::check(&self.course, self.exercise(), &self.kit()?, &how)?.report)
        };
        let news = match report() {
            Ok(report) => page::verdict(&report),
            Err(error) if error.is::<CalledOff>() => return,
            Err(error) => page::failure(&error),
        };
        *lock(&self.shared.verdict) = Some(news.clone());
        let _ = self.news.send(news);
    }

    fn draw(&self, open: &mut Option<(Box<Gallery>, Slot)>, wish: &Wish) -> Result<Drawn> {
        let (gallery, _) = match open {
            Some(open) => open,
            None => open.insert(self.open()?),
        };
        let pictures = plot::pictures(gallery, wish.controls.clone(), self)?;
        let pictures = pictures.into_iter().map(|picture| shown(picture, &wish.known)).collect::<Result<_>>()?;
        Ok(Drawn { error: None, pictures })
    }

    fn open(&self) -> Result<(Box<Gallery>, Slot)> {
        let (course, exercise) = (&self.course, self.exercise());
        let slot = self.slot(Sandbox::choose(SandboxMode::Auto)?)?;
        match Gallery::open(course, exercise, &self.submission(), &self.kit()?, &slot, self)? {
            Opened::Gallery(mut gallery) => {
                gallery.streams = true;
                Ok((gallery, slot))
            }
            Opened::Broken(_) => bail!("The code does not compile yet, so there is nothing to draw."),
        }
    }
}

fn shown(picture: Picture, known: &BTreeMap<String, String>) -> Result<Shown> {
    let mut hasher = DefaultHasher::new();
    frame::encode(&picture)?.hash(&mut hasher);
    let version = format!("{:016x}", hasher.finish());
    let content = if known.get(&picture.id) == Some(&version) {
        None
    } else {
        let (svg, frame) = svg::render_framed(&picture)?;
        let caption = view::picture::html::with_code(&picture.caption);
        let shades = !picture.rasters.is_empty();
        Some(Content { title: picture.title, caption, svg, shades, frame, controls: picture.controls })
    };
    Ok(Shown { id: picture.id, version, content })
}
