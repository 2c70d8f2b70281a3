//! What there is to see in exercise 15.

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![
        ask.once(|ask| {
            through_layers(
            "relu_forward",
            "A signal through 30 layers of ReLUs",
            "forward",
            "Relu",
            &[HE, XAVIER, SMALL],
            "The scale of the output of each layer; every layer has 64 neurons, and the input has the scale 1. A \
             straight line on this axis means the same factor for each layer. He's weights keep the scale, up to \
             chance. With Xavier's weights it falls, because a ReLU sets half of its inputs to 0. With small weights \
             the signal vanishes after a few layers, and the line leaves the picture.",
            ask,
            )
        })?,
        ask.once(|ask| {
            through_layers(
            "relu_backward",
            "The gradient on its way back",
            "backward",
            "Relu",
            &[HE, XAVIER, SMALL],
            "The scale of dZ of each layer, for a gradient of scale 1 at the end. Read it from right to left. The \
             factors are those of the forward pass, because the layers have as many neurons as inputs. Where a line is \
             far down on the left, the first layers learn nothing.",
            ask,
            )
        })?,
        ask.once(|ask| {
            through_layers(
            "tanh_forward",
            "A signal through 30 layers of tanh",
            "forward",
            "Tanh",
            &[XAVIER, SMALL, LARGE],
            "With Xavier's weights the scale falls a little in every layer, because tanh makes large values smaller. \
             Weights with the standard deviation 1 look best: their line is the flattest. But look at the next picture \
             before you choose them.",
            ask,
            )
        })?,
        ask.once(|ask| {
            through_layers(
            "tanh_backward",
            "The gradient of the tanh layers",
            "backward",
            "Tanh",
            &[XAVIER, SMALL, LARGE],
            "Read it from right to left again. With large weights almost every output is close to 1 or -1, where tanh \
             is flat and hardly any gradient passes. The other outputs pass it on to large weights: from layer to \
             layer the gradient grows, until it leaves the picture. So a flat line in the picture before does not \
             prove that the initial weights are good.",
            ask,
            )
        })?,
        chosen(ask)?,
        ask.once(training)?,
    ])
}

/// A way to start: its name in the legend, its initialisation, a number for those that need one, and its colour.
type Start = (&'static str, &'static str, f64, usize);

const HE: Start = ("He", "HeNormal", 0.0, 0);
const XAVIER: Start = ("Xavier", "XavierNormal", 0.0, 1);
const SMALL: Start = ("0.01", "Normal", 0.01, 2);
const LARGE: Start = ("1", "Normal", 1.0, 3);

fn case((_, init, number, _): Start, activation: &str) -> Record {
    Record::new().with("init", init).with("number", number).with("activation", activation).with("seed", 3_usize)
}

/// Scales from layer to layer.
fn through_layers(
    id: &str,
    title: &str,
    way: &str,
    activation: &str,
    starts: &[Start],
    caption: &str,
    ask: &mut Ask<'_>,
) -> Result<Picture> {
    let layers = Axis::new("layer").from(0.0, 31.0);
    let mut picture = Picture::new(id, title, layers, Axis::new("scale").from(1e-6, 1e3).log()).caption(caption);
    for start in starts {
        let case = case(*start, activation).with("n_layers", 30_usize).with("width", 64_usize);
        let scales = ask.both(|side| {
            let scales = side.ask("deep", &case)?.exactly(30, way)?;
            Ok((1..).map(f64::from).zip(scales).collect::<Vec<_>>())
        })?;
        picture.compare(start.0, Mark::Line, start.3, scales);
    }
    Ok(picture)
}

/// Weights of any size, in front of any activation.
fn chosen(ask: &mut Ask<'_>) -> Result<Picture> {
    const WIDTH: usize = 32;
    let layers = Axis::new("layer").from(0.0, 51.0);
    let mut picture =
        Picture::new("chosen", "Weights of your choice", layers, Axis::new("scale").from(1e-6, 1e3).log()).caption(
            "The scale of the outputs, and that of the gradient on its way back. The weights have the standard deviation \
             gain / √n, with n = 32 neurons in each layer: the gain of Xavier's rule is 1, that of He's is √2 = 1.41. On the \
             page of `serve` you choose the gain, the activation and the number of layers. For which gain are both lines \
             closest to level? Which activation forgives you the most?",
        );
    let controls = &ask.controls;
    let activations = [("ReLU", "Relu"), ("tanh", "Tanh"), ("sigmoid", "Sigmoid")];
    let activation = activations[picture.choice(controls, "activation", 0, &activations.map(|(name, _)| name))].1;
    let gain = picture.log_slider(controls, "gain", 1.2, (0.2, 5.0));
    let n_layers = picture.whole(controls, "layers", 30, (2, 50));
    let seed = picture.seed(controls, "seed", 3);
    let case = Record::new()
        .with("init", "Normal")
        .with("number", gain / (WIDTH as f64).sqrt())
        .with("activation", activation)
        .with("seed", seed)
        .with("n_layers", n_layers)
        .with("width", WIDTH);
    for (n, (name, way)) in [("output", "forward"), ("gradient", "backward")].into_iter().enumerate() {
        let scales = ask.both(|side| {
            let scales = side.ask("deep", &case)?.exactly(n_layers, way)?;
            Ok((1..).map(f64::from).zip(scales).collect::<Vec<_>>())
        })?;
        picture.compare(name, Mark::Line, n, scales);
    }
    Ok(picture)
}

/// One deep network, trained from different starts.
fn training(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "training",
        "A deep network learns, or does not",
        Axis::new("step").from(0.0, 300.0),
        Axis::new("loss").from(1e-3, 2.0).log(),
    )
    .caption(
        "Eight hidden layers of 16 ReLUs learn to tell two rings of points apart, from your own weights. 0.69 is the \
         loss of a network that always predicts one half. With small weights the loss stays there, because neither the \
         signal nor the gradient gets through. Weights of 0 never leave it.",
    );
    for start in [HE, XAVIER, SMALL, ("0", "Zeros", 0.0, 3)] {
        let case = case(start, "Relu")
            .with("width", 16_usize)
            .with("n_layers", 8_usize)
            .with("learning_rate", 0.1)
            .with("n_steps", 300_usize);
        let losses = ask.both(|side| {
            Ok((0..).map(f64::from).zip(side.ask("train", &case)?.exactly(300, RESULT)?).collect::<Vec<_>>())
        })?;
        picture.compare(start.0, Mark::Line, start.3, losses);
    }
    Ok(picture)
}
