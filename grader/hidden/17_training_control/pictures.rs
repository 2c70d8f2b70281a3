//! What there is to see in exercise 17.

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![ask.once(curves)?, ask.once(plateau)?, chosen(ask)?, clipping(ask)?, ask.once(noise)?, ask.once(by_heart)?])
}

const N_EPOCHS: usize = 50;

/// A schedule and its numbers. Those that it does not need do not count.
#[derive(Clone, Copy)]
struct Rule {
    name: &'static str,
    factor: f64,
    /// The epochs of a step, or the patience.
    every: usize,
    warm_up: usize,
}

const CONSTANT: Rule = Rule { name: "constant", factor: 1.0, every: 1, warm_up: 0 };
const STEP_DECAY: Rule = Rule { name: "StepDecay", factor: 0.5, every: 10, ..CONSTANT };
const EXPONENTIAL_DECAY: Rule = Rule { name: "ExponentialDecay", factor: 0.93, ..CONSTANT };
const COSINE: Rule = Rule { name: "Cosine", ..CONSTANT };
const PLATEAU: Rule = Rule { name: "Plateau", factor: 0.5, every: 4, ..CONSTANT };

impl Rule {
    /// `case` with this schedule.
    fn in_case(self, case: Record, learning_rate: f64) -> Record {
        case.with("schedule", self.name)
            .with("learning_rate", learning_rate)
            .with("factor", self.factor)
            .with("every", self.every)
            .with("warm_up", self.warm_up)
    }

    /// What it makes of these losses in `n_epochs` epochs.
    fn curve(self, learning_rate: f64, n_epochs: usize, losses: &[f64]) -> Record {
        let case = Record::new().with("n_epochs", n_epochs).with("losses", Array1::from(losses.to_vec()));
        self.in_case(case, learning_rate)
    }
}

fn numbered(numbers: Vec<f64>) -> Vec<(f64, f64)> {
    (0..).map(f64::from).zip(numbers).collect()
}

/// The learning rate in each epoch.
fn curves(ask: &mut Ask<'_>) -> Result<Picture> {
    let (epochs, rates) = (Axis::new("epoch").from(0.0, 55.0), Axis::new("learning rate").from(0.0, 0.11));
    let mut picture = Picture::new("schedules", "Four schedules", epochs, rates).caption(
        "StepDecay halves the rate every 10 epochs, and ExponentialDecay reduces it by 7 % in each epoch. Cosine \
         reaches 0 at epoch 50 and stays there. With a warm-up of 10 epochs the rate first rises in equal steps, \
         beginning above 0, and then falls from its full value. You see here if a step is one epoch off, or if the \
         wave rises again at the end.",
    );
    let warm_up = Rule { warm_up: 10, ..COSINE };
    let rules =
        [("StepDecay", STEP_DECAY), ("ExponentialDecay", EXPONENTIAL_DECAY), ("Cosine", COSINE), ("WarmUp", warm_up)];
    for (n, (name, rule)) in rules.into_iter().enumerate() {
        let case = rule.curve(0.1, N_EPOCHS, &[0.5; 55]);
        let rates = ask.both(|side| Ok(numbered(side.ask("curve", &case)?.exactly(55, RESULT)?)))?;
        picture.compare(name, Mark::Line, n, rates);
    }
    Ok(picture)
}

/// A loss that stands still twice, and what a plateau makes of it.
fn plateau(ask: &mut Ask<'_>) -> Result<Picture> {
    let loss = |epoch: usize| match epoch {
        0..10 => 0.9 - 0.05 * epoch as f64,
        10..20 => 0.45,
        20..30 => 0.45 - 0.02 * (epoch - 20) as f64,
        _ => 0.25,
    };
    let losses: Vec<f64> = (0..N_EPOCHS).map(loss).collect();
    let (epochs, numbers) =
        (Axis::new("epoch").from(0.0, 50.0), Axis::new("loss, learning rate").from(0.001, 1.0).log());
    let mut picture = Picture::new("plateau", "The rate falls when the loss does not", epochs, numbers).caption(
        "The points are an invented validation loss, which is constant in the middle and at the end. The line is the \
         learning rate of `Plateau` with a patience of 4. It is constant while the loss falls, and on every plateau it \
         is halved once in five epochs. If it falls earlier, or while the loss falls, look at how bad epochs are \
         counted.",
    );
    let case = PLATEAU.curve(0.1, N_EPOCHS, &losses);
    let rates = ask.both(|side| Ok(numbered(side.ask("curve", &case)?.exactly(N_EPOCHS, RESULT)?)))?;
    picture.compare(YOURS, Mark::Line, 0, rates);
    picture.add("loss", Mark::Points, Role::Guide, numbered(losses));
    Ok(picture)
}

/// Any schedule, and what becomes of a training with it.
fn chosen(ask: &mut Ask<'_>) -> Result<Picture> {
    const N_EPOCHS: usize = 30;
    let (epochs, numbers) =
        (Axis::new("epoch").from(0.0, 30.0), Axis::new("loss, learning rate").from(0.001, 5.0).log());
    let mut picture = Picture::new("chosen", "A schedule of your choice", epochs, numbers).caption(
        "The learning rate in each epoch, and the training loss with these rates: 40 samples of two moons, in batches of 10. On the \
         page of `serve` you choose the schedule. The factor is that of StepDecay, ExponentialDecay and Plateau. A step of \
         StepDecay takes as many epochs as you set, and for Plateau that number is the patience. Find a rate that is too \
         large for the first epochs: does a warm-up help?",
    );
    let controls = &ask.controls;
    let rules = [CONSTANT, STEP_DECAY, EXPONENTIAL_DECAY, COSINE, PLATEAU];
    let rule = rules[picture.choice(controls, "schedule", 3, &rules.map(|rule| rule.name))];
    let learning_rate = picture.log_slider(controls, "learning rate", 1.0, (0.01, 5.0));
    let warm_up = picture.whole(controls, "epochs of warm-up", 5, (0, 20));
    let factor = picture.slider(controls, "factor", 0.5, (0.1, 1.0));
    let every = picture.whole(controls, "epochs of a step, patience", 5, (1, 20));
    let rule = Rule { factor, every, warm_up, ..rule };
    let case = rule.in_case(settings(N_EPOCHS, 10, 10).with("n_train", 40_usize), learning_rate);
    let losses = ask.both(|side| {
        let answer = side.ask("scheduled", &case)?;
        Ok((answer.exactly(N_EPOCHS, "train_loss")?, answer.exactly(N_EPOCHS, "validation_loss")?))
    })?;
    // The schedule is there before the training is.
    let case = rule.curve(learning_rate, N_EPOCHS, &losses.reference.1);
    let rates = ask.both(|side| Ok(numbered(side.ask("curve", &case)?.exactly(N_EPOCHS, RESULT)?)))?;
    picture.compare("learning rate", Mark::Line, 0, rates);
    picture.compare("training loss", Mark::Line, 1, losses.map(|(train, _)| numbered(train)));
    Ok(picture)
}

/// What becomes of gradients of two numbers, each in an array of its own.
fn clipping(ask: &mut Ask<'_>) -> Result<Picture> {
    let [x, y] = ["first array", "second array"].map(|name| Axis::new(name).from(-3.2, 3.2));
    let mut picture = Picture::new("clipping", "", x, y).equal_units().caption(
        "Each small point is a gradient of two numbers, in two arrays. Clipped to the largest \
         norm, the long gradients lie on a circle, in the same direction as before; the short ones stay where they are. A square in place of the \
         circle means that each array, or each number, is clipped on its own. If all points are on the circle, short \
         gradients are stretched.",
    );
    let max_norm = picture.slider(&ask.controls, "largest norm", 1.0, (0.2, 3.0));
    picture.title = format!("Gradients that are not longer than {max_norm}");
    let gradients: Vec<(f64, f64)> = (0..60)
        .map(|number| {
            let angle = f64::from(number) * 0.21;
            let length = 0.3 + f64::from(number) * 0.045;
            (length * angle.cos(), length * angle.sin())
        })
        .collect();
    let clipped = ask.both(|side| {
        let clip = |&(x, y): &(f64, f64)| {
            let case = Record::new().with("first", array![[x]]).with("second", array![y]).with("max_norm", max_norm);
            let answer = side.ask("clip_global_norm", &case)?;
            Ok((answer.exactly(1, "first")?[0], answer.exactly(1, "second")?[0]))
        };
        gradients.iter().map(clip).collect::<Asked<Vec<_>>>()
    })?;
    picture.compare("clipped", Mark::Points, 0, clipped);
    picture.add("before", Mark::Line, Role::Guide, gradients);
    Ok(picture)
}

fn settings(n_epochs: usize, batch_size: usize, micro_batch_size: usize) -> Record {
    Record::new()
        .with("n_epochs", n_epochs)
        .with("batch_size", batch_size)
        .with("micro_batch_size", micro_batch_size)
        .with("max_norm", 5.0)
        .with("seed", 3_usize)
}

/// A training with a few samples a step.
fn noise(ask: &mut Ask<'_>) -> Result<Picture> {
    let (epochs, losses) = (Axis::new("epoch").from(0.0, 60.0), Axis::new("training loss").from(0.1, 0.35));
    let mut picture = Picture::new("noise", "With a smaller rate the loss settles", epochs, losses).caption(
        "Two moons, batches of 8, your own training loop. At a constant rate of 0.5 the loss goes up and down to the \
         end: the gradients of 8 samples are noisy, and the rate does not become smaller. With `Cosine` it does, and \
         the loss settles at a lower value. `Plateau` reduces the rate when the loss no longer falls.",
    );
    for (n, rule) in [CONSTANT, COSINE, PLATEAU].into_iter().enumerate() {
        let case = rule.in_case(settings(60, 8, 4).with("n_train", 200_usize), 0.5);
        let losses = ask.both(|side| Ok(numbered(side.ask("scheduled", &case)?.exactly(60, "train_loss")?)))?;
        picture.compare(rule.name, Mark::Line, n, losses);
    }
    Ok(picture)
}

/// A network that learns 40 noisy samples by heart, and is stopped.
fn by_heart(ask: &mut Ask<'_>) -> Result<Picture> {
    const N_EPOCHS: usize = 150;
    let (epochs, losses) = (Axis::new("epoch").from(0.0, 150.0), Axis::new("loss").from(0.0, 1.0));
    let mut picture = Picture::new("by_heart", "When to stop", epochs, losses).caption(
        "A network with 1,218 parameters learns 40 samples. Its training loss goes on falling. The validation loss \
         falls at first, is constant for a while, and then rises: the network learns by heart. The point shows when \
         training with a patience of 20 stops, and the loss that the network has then. It should lie as low as the \
         lowest point of the validation curve before it. If it lies on the curve, the best weights have not been \
         restored.",
    );
    let case = |patience: usize| settings(N_EPOCHS, 8, 4).with("patience", patience).with("learning_rate", 0.3);
    for (n, name) in ["train_loss", "validation_loss"].into_iter().enumerate() {
        let losses = ask.both(|side| Ok(numbered(side.ask("by_heart", &case(N_EPOCHS))?.exactly(N_EPOCHS, name)?)))?;
        picture.compare(name.replace("_loss", ""), Mark::Line, n, losses);
    }
    let stopped = ask.both(|side| {
        let answer = side.ask("by_heart", &case(20))?;
        Ok(vec![(answer.numbers("validation_loss").len() as f64 - 1.0, answer.number("restored"))])
    })?;
    picture.compare("stopped", Mark::Points, 2, stopped);
    Ok(picture)
}
