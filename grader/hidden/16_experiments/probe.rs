//! What the grader asks of exercise 16.
//!
//! Most experiments pass in a score that is looked up in the case, so that a study takes no time and every call is seen.

use std::{
    cell::{Cell, RefCell},
    cmp::Ordering,
    io::{self, Write},
    rc::Rc,
};

use engine::{Activation, Sequential};
use ndarray::{Array1, Array2, ArrayRef2, Axis};
use probe::{Generator, Record, generator, layers_of, report_progress, serve};
use rand::seq::SliceRandom;
use submission::{BadLine, Fold, Grid, Run, Samples, Search, Setting, Summary, Tracker};

type Score = Box<dyn FnMut(&Setting, u64) -> f64>;

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const N_PARAMETERS: fn(&Setting, usize, usize) -> usize = submission::n_parameters;
const GRID_SETTINGS: fn(&Grid) -> Vec<Setting> = submission::grid_settings;
const LOG_UNIFORM: fn(f64, f64, &mut Generator) -> f64 = submission::log_uniform;
const RANDOM_SETTINGS: fn(&Grid, usize, &mut Generator) -> Vec<Setting> = submission::random_settings;
const REPEAT: fn(&Setting, usize, Score) -> Vec<f64> = submission::repeat;
const SUMMARISE: fn(&[f64]) -> Summary = submission::summarise;
const COMPARE: fn(&Summary, &Summary) -> Ordering = submission::compare;
const TABLE: fn(&[(String, Summary)]) -> String = submission::table;
const SEARCH: fn(&[Setting], usize, Score, Box<dyn FnOnce(&Setting) -> f64>) -> Search = submission::search;
const K_FOLD: fn(&[usize], usize) -> Vec<Fold> = submission::k_fold;
const CROSS_VALIDATE: fn(&[usize], usize, fn(&Fold) -> f64) -> Summary = submission::cross_validate;
const WHOLE_LINES: fn(&str) -> &str = submission::whole_lines;
const READ_LOG: fn(&str) -> Result<Vec<Run>, BadLine> = submission::read_log;
const RESUME: fn(&str, Log) -> Result<Tracker<Log>, BadLine> = Tracker::resume;
const TRACKED: fn(&mut Tracker<Log>, &Setting, u64, Box<dyn FnOnce(&Setting, u64) -> f64>) -> io::Result<f64> =
    Tracker::score;
const THROUGH_KNOTS: fn(Box<dyn Fn(f64) -> f64>, &[f64]) -> Sequential = submission::through_knots;
const CHOSEN: fn() -> Setting = submission::chosen;
const TRAIN: fn(&Setting, &Samples, usize, u64) -> Sequential = submission::train;
const ACCURACY: fn(&mut Sequential, &Samples) -> f64 = submission::accuracy;

fn main() {
    serve(&[
        ("n_parameters", |case| {
            let setting = Setting { hidden: case.counts("hidden"), ..numbered(0) };
            N_PARAMETERS(&setting, case.count("n_in"), case.count("n_out")).into()
        }),
        ("grid_settings", |case| {
            let settings = GRID_SETTINGS(&grid(case));
            let lines: Vec<String> = settings.iter().map(described).collect();
            Record::new().with("how many", settings.len()).with("settings", lines.join("\n"))
        }),
        ("log_uniform", |case| {
            let rng = &mut generator(case.count("seed") as u64);
            let mut draw = || LOG_UNIFORM(case.float("low"), case.float("high"), rng);
            (0..case.count("n")).map(|_| draw()).collect::<Array1<f64>>().into()
        }),
        ("random_settings", |case| {
            let (grid, rng) = (grid(case), &mut generator(case.count("seed") as u64));
            let settings = RANDOM_SETTINGS(&grid, case.count("n"), rng);
            let is_same = RANDOM_SETTINGS(&grid, case.count("n"), rng) == settings;
            Record::new()
                .with("a second call returns the same", is_same)
                .with("learning rates", settings.iter().map(|setting| setting.learning_rate).collect::<Array1<f64>>())
                .with(
                    "first widths",
                    settings.iter().map(|s| s.hidden.first().copied().unwrap_or(0)).collect::<Vec<_>>(),
                )
                .with("batch sizes", settings.iter().map(|setting| setting.batch_size).collect::<Vec<_>>())
                .with("activations", settings.iter().map(|s| s.activation as usize).collect::<Vec<_>>())
                .with("epochs", settings.iter().map(|setting| setting.epochs).collect::<Vec<_>>())
        }),
        ("repeat", |case| {
            let (first, per_seed) = (case.float("score of seed 0"), case.float("more for each seed"));
            let calls = Rc::new(RefCell::new((Vec::new(), true)));
            let (asked, seen) = (numbered(3), calls.clone());
            let run = move |setting: &Setting, seed: u64| {
                let mut seen = seen.borrow_mut();
                seen.0.push(seed as usize);
                seen.1 &= *setting == numbered(3);
                first + per_seed * seed as f64
            };
            let scores = REPEAT(&asked, case.count("n_repeats"), Box::new(run));
            let (seeds, same) = calls.take();
            Record::new().with("scores", Array1::from(scores)).with("seeds", seeds).with("is the setting", same)
        }),
        ("summarise", |case| summary_record(&SUMMARISE(&case.vector("scores").to_vec()))),
        ("compare", |case| {
            let summary = |name: &str| {
                let [mean, std, n] = case.vector(name).to_vec()[..] else { panic!("a case has three numbers") };
                Summary { mean, std, n: n as usize }
            };
            let ordering = COMPARE(&summary("a"), &summary("b"));
            Record::new().with("a is better", ordering.is_gt()).with("b is better", ordering.is_lt())
        }),
        ("table", |case| {
            let summaries = case.matrix("mean, std and n");
            let rows: Vec<(String, Summary)> = case
                .text("names")
                .split(", ")
                .zip(summaries.rows())
                .map(|(name, row)| (name.to_owned(), Summary { mean: row[0], std: row[1], n: row[2] as usize }))
                .collect();
            TABLE(&rows).into()
        }),
        ("search", |case| {
            let (scores, test_scores) = (case.matrix("scores").to_owned(), case.vector("test scores").to_owned());
            let settings: Vec<Setting> = (0..scores.nrows()).map(numbered).collect();
            let (runs, tests) = (Rc::new(RefCell::new(Vec::new())), Rc::new(RefCell::new(Vec::new())));
            let (seen_runs, seen_tests) = (runs.clone(), tests.clone());
            let n_repeats = case.count("n_repeats");
            let validate = move |setting: &Setting, seed: u64| {
                seen_runs.borrow_mut().push((number_of(setting), seed as usize));
                scores.get((number_of(setting), seed as usize)).copied().unwrap_or(-1.0)
            };
            let test = move |setting: &Setting| {
                seen_tests.borrow_mut().push(number_of(setting));
                test_scores.get(number_of(setting)).copied().unwrap_or(-1.0)
            };
            let found = SEARCH(&settings, n_repeats, Box::new(validate), Box::new(test));
            let mut runs = runs.take();
            runs.sort_unstable();
            trials_record(&found)
                .with("tested settings", tests.take())
                .with("settings that ran", runs.iter().map(|run| run.0).collect::<Vec<_>>())
                .with("seeds", runs.iter().map(|run| run.1).collect::<Vec<_>>())
        }),
        ("k_fold", |case| {
            let folds = K_FOLD(&case.counts("order"), case.count("k"));
            // More folds than a record takes are as wrong as one more.
            let numbered = (1..).zip(folds.iter().take(20));
            numbered.fold(Record::new().with("folds", folds.len()), |record, (number, fold)| {
                record
                    .with(&format!("train {number}"), fold.train.clone())
                    .with(&format!("validation {number}"), fold.validation.clone())
            })
        }),
        ("cross_validate", |case| {
            let score = |fold: &Fold| {
                let sum = |numbers: &[usize]| numbers.iter().sum::<usize>() as f64;
                sum(&fold.validation) - 0.25 * sum(&fold.train)
            };
            summary_record(&CROSS_VALIDATE(&case.counts("order"), case.count("k"), score))
        }),
        ("whole_lines", |case| {
            let whole = WHOLE_LINES(case.text("log"));
            Record::new().with("length", whole.len()).with("text", whole)
        }),
        ("read_log", |case| match READ_LOG(case.text("log")) {
            Ok(runs) => {
                let lines: Vec<String> = runs
                    .iter()
                    .map(|run| format!("{}, seed {}: {}", described(&run.setting), run.seed, run.score))
                    .collect();
                Record::new().with("outcome", "runs").with("runs", runs.len()).with("they are", lines.join("\n"))
            }
            Err(BadLine { number, text }) => {
                Record::new().with("outcome", "a bad line").with("bad line", number).with("it says", text)
            }
        }),
        ("tracker", |case| {
            let log = Log { has_buffer: case.get("the disk fails").is_some(), ..Log::default() };
            let (kept, is_full) = (log.kept.clone(), log.is_full.clone());
            let mut tracker = match RESUME(case.text("log so far"), log) {
                Ok(tracker) => tracker,
                Err(BadLine { number, .. }) => return Record::new().with("bad line", number),
            };
            let (settings, seeds, scores) = (case.counts("settings"), case.counts("seeds"), case.vector("scores"));
            let ran = Rc::new(RefCell::new(Vec::new()));
            let (mut returned, mut failed) = (Vec::new(), Vec::new());
            for (step, (&setting, &seed)) in settings.iter().zip(&seeds).enumerate() {
                is_full.set(case.counts("steps with a full disk").contains(&step));
                let (seen, score) = (ran.clone(), scores[step]);
                let run = move |setting: &Setting, seed: u64| {
                    seen.borrow_mut().push((step, number_of_varied(setting), seed as usize));
                    score
                };
                let result = TRACKED(&mut tracker, &varied(setting), seed as u64, Box::new(run));
                failed.extend(result.is_err().then_some(step));
                returned.push(result.unwrap_or(f64::NAN));
            }
            let (kept, ran) = (kept.take(), ran.take());
            Record::new()
                .with("scores, NaN for an error", Array1::from(returned))
                .with("steps with an error", failed)
                .with("steps that ran", ran.iter().map(|run| run.0).collect::<Vec<_>>())
                .with("settings that ran", ran.iter().map(|run| run.1).collect::<Vec<_>>())
                .with("seeds that ran", ran.iter().map(|run| run.2).collect::<Vec<_>>())
                .with("bytes in the log", kept.len())
                .with("new in the log", String::from_utf8_lossy(&kept).into_owned())
        }),
        ("through_knots", |case| {
            let mut net = THROUGH_KNOTS(function(case), &case.vector("knots").to_vec());
            let layers = layers_of(&net.summary());
            let x = case.vector("x").to_owned().insert_axis(Axis(1));
            Record::new().with("layers", layers).with("outputs", net.forward(&x).column(0).to_owned())
        }),
        // The learner's setting, trained from some seeds, and asked about the digits whose labels only the judge has.
        ("chosen", |case| {
            let setting = CHOSEN();
            let record = Record::new()
                .with("hidden", setting.hidden.clone())
                .with("activation", format!("{:?}", setting.activation))
                .with("learning_rate", setting.learning_rate)
                .with("batch_size", setting.batch_size)
                .with("epochs", setting.epochs);
            let sizes = [&[64], &*setting.hidden, &[10]].concat();
            let n_parameters: usize =
                sizes.windows(2).map(|pair| pair[0].saturating_add(1).saturating_mul(pair[1])).sum();
            if setting.epochs > case.count("most epochs") || n_parameters > case.count("most parameters") {
                return record;
            }
            let (samples, _) = digits();
            let unknown = datasets::digits::held_out_images();
            let mut order: Vec<usize> = (0..unknown.nrows()).collect();
            order.shuffle(&mut generator(case.count("seed of the order") as u64));
            let unknown = unknown.select(Axis(0), &order) / datasets::digits::MAX_PIXEL;
            case.counts("seeds").into_iter().fold(record, |record, seed| {
                let mut net = TRAIN(&setting, &samples, 10, seed as u64);
                record.with(&format!("predictions with seed {seed}"), predict(&mut net, &unknown))
            })
        }),
        // For the pictures: a study of the digits, with the learner's own search.
        ("grid_study", |case| {
            let (samples, validation) = digits();
            let settings = GRID_SETTINGS(&grid(case));
            let validate =
                move |setting: &Setting, seed: u64| ACCURACY(&mut TRAIN(setting, &samples, 10, seed), &validation);
            trials_record(&SEARCH(&settings, case.count("n_repeats"), Box::new(validate), Box::new(|_| 0.0)))
        }),
        ("random_study", |case| {
            let settings = RANDOM_SETTINGS(&grid(case), case.count("n"), &mut generator(case.count("seed") as u64));
            let scores = settings.iter().map(|setting| {
                let (samples, validation) = digits();
                let run =
                    move |setting: &Setting, seed: u64| ACCURACY(&mut TRAIN(setting, &samples, 10, seed), &validation);
                REPEAT(setting, 1, Box::new(run)).first().copied().unwrap_or(f64::NAN)
            });
            Record::new()
                .with("scores", scores.collect::<Array1<f64>>())
                .with("learning rates", settings.iter().map(|setting| setting.learning_rate).collect::<Array1<f64>>())
        }),
        // A study of MNIST, with the learner's own search.
        ("mnist_study", |case| {
            let n_train = case.count("n_train");
            let all = Samples { x: images(case, "pixels"), labels: case.counts("labels") };
            let samples = Rc::new(all.select(&(0..n_train).collect::<Vec<_>>()));
            let validation = all.select(&(n_train..all.labels.len()).collect::<Vec<_>>());
            drop(all);
            let settings = GRID_SETTINGS(&grid(case));
            // One training more, for the test set.
            let n_runs = settings.len() + usize::from(case.get("test_pixels").is_some());
            report_progress(0, n_runs, None);
            let (mut done, train_samples) = (0, samples.clone());
            let validate = move |setting: &Setting, seed: u64| {
                let score = ACCURACY(&mut TRAIN(setting, &train_samples, 10, seed), &validation);
                done += 1;
                report_progress(done, n_runs.max(done), None);
                score
            };
            let predictions = Rc::new(RefCell::new(Vec::new()));
            let (read, unknown) = (predictions.clone(), case.get("test_pixels").map(|_| images(case, "test_pixels")));
            let test = move |setting: &Setting| {
                if let Some(unknown) = unknown {
                    *read.borrow_mut() = predict(&mut TRAIN(setting, &samples, 10, 0), &unknown);
                }
                0.0
            };
            let found = SEARCH(&settings, 1, Box::new(validate), Box::new(test));
            let parameters: Vec<usize> = settings.iter().map(|setting| N_PARAMETERS(setting, 784, 10)).collect();
            // One repeat has no standard deviation.
            let means = found.trials.iter().map(|trial| trial.mean).collect::<Array1<f64>>();
            Record::new()
                .with("means", means)
                .with("best", found.best)
                .with("parameters", parameters)
                .with("predictions", predictions.take())
        }),
    ]);
}

/// A setting that is known by its learning rate. Neighbours differ in every knob, and every second one agrees in some.
fn numbered(number: usize) -> Setting {
    Setting {
        hidden: vec![8 + number % 2],
        activation: if number % 3 == 0 { Activation::Tanh } else { Activation::Relu },
        learning_rate: (number + 1) as f64 / 64.0,
        batch_size: 16 + number % 4,
        epochs: 5,
    }
}

fn number_of(setting: &Setting) -> usize {
    (0..64).find(|&number| *setting == numbered(number)).unwrap_or(usize::MAX)
}

/// With 20 more, a setting that differs in the activation only; with 40 more, in the rate, and so on.
fn varied(number: usize) -> Setting {
    let setting = numbered(number % 20);
    match number / 20 {
        1 => Setting { activation: Activation::Sigmoid, ..setting },
        2 => Setting { learning_rate: 0.75, ..setting },
        3 => Setting { batch_size: 50, ..setting },
        4 => Setting { epochs: 50, ..setting },
        5 => Setting { hidden: vec![50], ..setting },
        _ => setting,
    }
}

fn number_of_varied(setting: &Setting) -> usize {
    (0..120).find(|&number| *setting == varied(number)).unwrap_or(usize::MAX)
}

fn described(Setting { hidden, activation, learning_rate, batch_size, epochs }: &Setting) -> String {
    format!("hidden {hidden:?}, {activation:?}, rate {learning_rate}, batches of {batch_size}, {epochs} epochs")
}

fn grid(case: &Record) -> Grid {
    let sizes = |layers: &str| layers.split('-').map(|size| size.parse().expect("a width")).collect();
    let depth = case.get("depth").map_or(1, |_| case.count("depth"));
    let hidden = match case.get("hidden") {
        Some(_) => case.text("hidden").split(", ").map(sizes).collect(),
        None => case.counts("widths").into_iter().map(|width| vec![width; depth]).collect(),
    };
    Grid {
        hidden,
        activations: case.text("activations").split(", ").map(activation).collect(),
        learning_rates: case.vector("learning_rates").to_vec(),
        batch_sizes: case.counts("batch_sizes"),
        epochs: case.count("epochs"),
    }
}

fn activation(name: &str) -> Activation {
    match name {
        "Relu" => Activation::Relu,
        "Sigmoid" => Activation::Sigmoid,
        "Tanh" => Activation::Tanh,
        other => panic!("a case asks for the activation `{other}`"),
    }
}

fn summary_record(&Summary { mean, std, n }: &Summary) -> Record {
    Record::new().with("mean", mean).with("std", std).with("n", n)
}

fn trials_record(found: &Search) -> Record {
    let column = |number: fn(&Summary) -> f64| found.trials.iter().map(number).collect::<Array1<f64>>();
    Record::new()
        .with("means", column(|trial| trial.mean))
        .with("stds", column(|trial| trial.std))
        .with("ns", column(|trial| trial.n as f64))
        .with("best", found.best)
        .with("test_score", found.test_score)
}

/// A log that keeps only what has been flushed, as a file does when its program is killed. With a buffer, a full disk is
/// noticed only when it is flushed, and what was in the buffer is lost. It takes a few bytes at a time, as a `Write` may.
#[derive(Default)]
struct Log {
    has_buffer: bool,
    waiting: Vec<u8>,
    kept: Rc<RefCell<Vec<u8>>>,
    is_full: Rc<Cell<bool>>,
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_full.get() && !self.has_buffer {
            return Err(io::Error::other("no space left on device"));
        }
        let taken = bytes.len().min(16);
        self.waiting.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_full.get() {
            self.waiting.clear();
            return Err(io::Error::other("no space left on device"));
        }
        self.kept.borrow_mut().append(&mut self.waiting);
        Ok(())
    }
}

/// The function of a case: a wave on a slope, or one of the lesson's.
fn function(case: &Record) -> Box<dyn Fn(f64) -> f64> {
    if case.get("kind").is_some() {
        return match case.text("kind") {
            "wave" => Box::new(|x| x.sin() + 0.5 * (3.0 * x).cos() + 0.2 * (5.0 * x).sin()),
            _ => Box::new(|x| f64::from(u8::from(x >= 0.0))),
        };
    }
    let [a, b, c] = case.vector("a, b and c of f(x) = a cos(b x) + c x").to_vec()[..] else {
        panic!("a case has three numbers")
    };
    Box::new(move |x| a * (b * x).cos() + c * x)
}

/// 600 digits to learn from, and 400 others to choose by.
fn digits() -> (Samples, Samples) {
    let digits = datasets::digits();
    let all = Samples { x: digits.features / datasets::digits::MAX_PIXEL, labels: digits.labels.to_vec() };
    (all.select(&(0..600).collect::<Vec<_>>()), all.select(&(600..1000).collect::<Vec<_>>()))
}

/// The class with the largest score in each row. The probe asks for it itself, since `accuracy` takes labels.
fn predict(net: &mut Sequential, x: &ArrayRef2<f64>) -> Vec<usize> {
    let largest = |row: ndarray::ArrayView1<'_, f64>| {
        let best =
            |best: (usize, f64), (class, &score): (usize, &f64)| if score > best.1 { (class, score) } else { best };
        row.iter().enumerate().fold((0, f64::NEG_INFINITY), best).0
    };
    net.forward(x).rows().into_iter().map(largest).collect()
}

fn images(case: &Record, name: &str) -> Array2<f64> {
    const PIXELS: usize = datasets::mnist::SIDE * datasets::mnist::SIDE;
    let pixels: Vec<f64> = case.bytes(name).iter().map(|&pixel| f64::from(pixel) / 255.0).collect();
    Array2::from_shape_vec((pixels.len() / PIXELS, PIXELS), pixels).expect("whole images")
}
