//! What there is to see in exercise 18.

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    let mut pictures = Vec::from(ask.once(trainings)?);
    pictures.extend([chosen(ask)?, shrinking(ask)?, mask(ask)?, ask.once(mean_output)?]);
    Ok(pictures)
}

/// Trainings of one network with several remedies.
fn trainings(ask: &mut Ask<'_>) -> Result<[Picture; 3]> {
    let mut runs = Vec::new();
    for way in [NOTHING, L2, L1, DROPOUT] {
        runs.push(ask.both(|side| Run::of(side, way))?);
    }
    let [nothing, l2, l1, dropout] = &runs[..] else { unreachable!("four ways, four runs") };
    Ok([
        overfitting(nothing),
        against_it(&[(NOTHING, nothing), (L2, l2), (DROPOUT, dropout)]),
        weights(&[(NOTHING, nothing), (L2, l2), (L1, l1)]),
    ])
}

const EPOCHS: usize = 300;

/// A way to train: its name in the legend, penalty, λ, probability of dropout, and its colour.
type Way = (&'static str, &'static str, f64, f64, usize);

const NOTHING: Way = ("nothing", "None", 0.0, 0.0, 0);
const L2: Way = ("L2, λ = 0.01", "L2", 0.01, 0.0, 1);
const L1: Way = ("L1, λ = 0.003", "L1", 0.003, 0.0, 2);
const DROPOUT: Way = ("dropout, p = 0.5", "None", 0.0, 0.5, 3);

/// What is seen of one training.
#[derive(Clone)]
struct Run {
    train: Vec<f64>,
    validation: Vec<f64>,
    weights: Vec<f64>,
}

impl Run {
    fn of(side: &mut Side<'_>, (_, penalty, lambda, p, _): Way) -> Asked<Self> {
        let case = digits_case(penalty, lambda, p, 200, EPOCHS);
        let answer =
            side.ask("digits", &case.with("epochs done", 0_usize).with("parameters", Array1::<f64>::zeros(0)))?;
        let mut weights = answer.numbers("parameters");
        weights.truncate(64 * 32);
        Ok(Self {
            train: answer.exactly(EPOCHS, "train_loss")?,
            validation: answer.exactly(EPOCHS, "validation_loss")?,
            weights,
        })
    }
}

/// A training on digits.
fn digits_case(penalty: &str, lambda: f64, p: f64, n_train: usize, epochs: usize) -> Record {
    Record::new()
        .with("penalty", penalty)
        .with("lambda", lambda)
        .with("p", p)
        .with("n_train", n_train)
        .with("epochs", epochs)
        .with("seed", 1_usize)
}

fn curve(losses: &[f64]) -> Vec<(f64, f64)> {
    (1..).map(f64::from).zip(losses.iter().copied()).collect()
}

fn epochs() -> Axis {
    Axis::new("epoch").from(0.0, EPOCHS as f64)
}

fn overfitting(run: &Both<Run>) -> Picture {
    let mut picture = Picture::new("overfitting", "Learning by heart", epochs(), Axis::new("loss").from(0.0, 1.5))
        .caption(
            "A network 64-32-10 learns 200 digits, and one label in ten is drawn at random. At first both losses fall: \
             the network learns what digits look like. Then the training loss continues to fall and the validation \
             loss rises: the network learns these 200 digits by heart, wrong labels included. This exercise is about \
             the gap between the two lines.",
        );
    picture.compare("training", Mark::Line, 0, Both::clone(run).map(|run| curve(&run.train)));
    picture.compare("validation", Mark::Line, 1, Both::clone(run).map(|run| curve(&run.validation)));
    picture
}

fn against_it(runs: &[(Way, &Both<Run>)]) -> Picture {
    let loss = Axis::new("validation loss").from(0.3, 1.0);
    let mut picture = Picture::new("against_it", "What helps against it", epochs(), loss).caption(
        "The validation loss of the same network, with a penalty and with dropout. Lower is better, and a line that is \
         flat at the end means that it does not matter when you stop. If the line of dropout is the same as without a \
         remedy, no neurons are dropped in the steps. If it is very noisy and far above the others, neurons are \
         dropped when the loss is measured. A small distance from the reference is fine: your network may have dropped \
         other neurons.",
    );
    for ((name, .., n), run) in runs {
        picture.compare(*name, Mark::Line, *n, Both::clone(run).map(|run| curve(&run.validation)));
    }
    picture
}

fn weights(runs: &[(Way, &Both<Run>)]) -> Picture {
    const N_BINS: usize = 41;
    let mut picture = Picture::new(
        "weights",
        "The weights of the first layer",
        Axis::new("weight").from(-0.6, 0.6),
        Axis::new("share of the weights in %").from(0.1, 100.0).log(),
    )
    .caption(
        "A histogram of the 2,048 weights after the training. L2 makes the peak narrower: large weights are pulled \
         hardest. L1 makes a sharp peak at 0, of weights that the network does not need, and leaves some large ones on \
         both sides. If a line looks like the one without a penalty, the penalty is missing in the step.",
    );
    for ((name, .., n), run) in runs {
        let shares = Both::clone(run).map(|run| {
            let width = 1.2 / N_BINS as f64;
            let mut counts = [0_usize; N_BINS];
            for weight in &run.weights {
                let bin = ((weight + 0.6) / width).floor();
                if (0.0..N_BINS as f64).contains(&bin) {
                    counts[bin as usize] += 1;
                }
            }
            let share = |count: usize| 100.0 * count as f64 / run.weights.len() as f64;
            (0..N_BINS).map(|bin| (-0.6 + (bin as f64 + 0.5) * width, share(counts[bin]))).collect::<Vec<_>>()
        });
        picture.compare(*name, Mark::Line, *n, shares);
    }
    picture
}

/// A training with any of the remedies.
fn chosen(ask: &mut Ask<'_>) -> Result<Picture> {
    const EPOCHS: usize = 60;
    let mut picture = Picture::new(
        "chosen",
        "A remedy of your choice",
        Axis::new("epoch").from(0.0, EPOCHS as f64),
        Axis::new("loss").from(0.01, 4.0).log(),
    )
    .caption(
        "The same network with 60 digits only, so that it learns by heart sooner. On the page of `serve` you choose the \
         penalty, its λ and the probability of dropout. Where is the validation loss lowest? What becomes of the training \
         loss meanwhile? With too large a λ the network learns nothing at all: both losses stay near ln 10 = 2.3.",
    );
    let controls = &ask.controls;
    let penalties = [("none", "None"), ("L2", "L2"), ("L1", "L1")];
    let penalty = penalties[picture.choice(controls, "penalty", 1, &penalties.map(|(name, _)| name))].1;
    let lambda = picture.log_slider(controls, "λ", 0.01, (0.0003, 0.3));
    let p = picture.slider(controls, "dropout, p", 0.0, (0.0, 0.9));
    picture.played(controls, "epochs", EPOCHS, EPOCHS);
    let case = digits_case(penalty, lambda, p, 60, 1);
    let start = (Vec::new(), [Vec::new(), Vec::new()]);
    let losses = ask.train(&mut picture, start, |side, (parameters, mut losses)| {
        let case = case.clone().with("epochs done", losses[0].len()).with("parameters", Array1::from(parameters));
        let answer = side.ask("digits", &case)?;
        for (losses, part) in losses.iter_mut().zip(["train_loss", "validation_loss"]) {
            losses.extend(answer.exactly(1, part)?);
        }
        Ok((answer.numbers("parameters"), losses))
    })?;
    for (n, name) in ["training", "validation"].into_iter().enumerate() {
        picture.compare(name, Mark::Line, n, losses.clone().map(|(_, losses)| curve(&losses[n])));
    }
    Ok(picture)
}

/// A mask that is drawn by lot.
fn mask(ask: &mut Ask<'_>) -> Result<Picture> {
    let cells = Cells { x: (0.0, 32.0), y: (0.0, 16.0), columns: 32, rows: 16 };
    let mut picture = Picture::new(
        "mask",
        "A mask of dropout",
        Axis::new("neuron").from(0.0, 32.0),
        Axis::new("sample").from(0.0, 16.0).ticks([(0.5, 16), (5.5, 11), (10.5, 6), (15.5, 1)]),
    )
    .equal_units()
    .caption(
        "The mask for 16 samples and 32 neurons: light cells are 0, dark ones are 1 / (1 - p). On the page of `serve` you \
         choose p and draw other masks. The share of the light cells is close to p, and the mean of all cells is close to \
         1 for any p. If whole columns or rows are light, one number was drawn for many cells.",
    );
    let p = picture.slider(&ask.controls, "p", 0.5, (0.0, 0.9));
    let seed = picture.seed(&ask.controls, "seed", 1);
    let case =
        Record::new().with("p", p).with("seed", seed).with("n_rows", cells.rows).with("n_columns", cells.columns);
    let count = cells.rows * cells.columns;
    let (mask, _) = ask.one(&mut picture, |side, _| side.ask("dropout_mask", &case)?.exactly(count, "first"))?;
    let dropped = mask.iter().filter(|factor| **factor == 0.0).count() as f64 / count as f64;
    let mean = mask.iter().sum::<f64>() / count as f64;
    picture.title = format!("A mask of dropout: {:.0} % dropped, mean {mean:.2}", 100.0 * dropped);
    picture.raster(cells, mask, Palette::Ink, (0.0, 1.0 / (1.0 - p)));
    Ok(picture)
}

fn shrinking(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "shrinking",
        "Two ways to become small",
        Axis::new("step").from(0.0, 60.0),
        Axis::new("weight").from(-0.1, 1.0),
    )
    .caption(
        "A single weight with no gradient but that of the penalty. lr · λ is 0.05, unless you change it. L2 takes the same fraction in \
         every step: the weight falls fast at first, and never quite reaches 0. L1 takes the same amount in every \
         step: the weight reaches 0 and then oscillates around it.",
    );
    let step = picture.log_slider(&ask.controls, "lr · λ", 0.05, (0.005, 2.5));
    for (name, penalty, n) in [("L2", "L2", 1), ("L1", "L1", 2)] {
        let case = Record::new()
            .with("penalty", penalty)
            .with("lambda", step / 0.1)
            .with("learning_rate", 0.1)
            .with("w", 0.98)
            .with("n_steps", 60_usize);
        let path = ask.both(|side| Ok(curve(&side.ask("shrink", &case)?.exactly(60, RESULT)?)))?;
        picture.compare(name, Mark::Line, n, path);
    }
    Ok(picture)
}

fn mean_output(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "mean_output",
        "The mean output of dropout",
        Axis::new("passes").from(0.0, 800.0),
        Axis::new("mean output for an input of 1").from(0.0, 2.0),
    )
    .caption(
        "One input that is always 1, with dropout in training. Each pass gives 0 or 1 / (1 - p); the line is the mean \
         of all passes so far. It has to settle at 1, the output in an evaluation, for any p. If it settles at 1 - p, \
         the factor 1 / (1 - p) is missing.",
    );
    for (name, p, n) in [("p = 0.2", 0.2, 0), ("p = 0.6", 0.6, 3)] {
        let case = Record::new().with("p", p).with("seed", 1_usize).with("n", 800_usize);
        let means = ask.both(|side| Ok(curve(&side.ask("mean_output", &case)?.exactly(800, RESULT)?)))?;
        picture.compare(name, Mark::Line, n, means);
    }
    Ok(picture)
}
