//! What the grader asks of exercise 8.

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use probe::{Record, serve};
use submission::LabelError;

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const SOFTMAX: fn(&ArrayRef2<f64>) -> Array2<f64> = submission::softmax;
const TEMPERATURE: fn(&ArrayRef2<f64>, f64) -> Array2<f64> = submission::softmax_with_temperature;
const LOG_SOFTMAX: fn(&ArrayRef2<f64>) -> Array2<f64> = submission::log_softmax;
const ONE_HOT: fn(&[usize], usize) -> Result<Array2<f64>, LabelError> = submission::one_hot;
const NLL: fn(&ArrayRef2<f64>, &[usize], f64) -> f64 = submission::nll_from_probs;
const CROSS_ENTROPY: fn(&ArrayRef2<f64>, &[usize]) -> f64 = submission::cross_entropy;
const CROSS_ENTROPY_GRAD: fn(&ArrayRef2<f64>, &[usize]) -> Array2<f64> = submission::cross_entropy_grad;
const JACOBIAN: fn(&ArrayRef1<f64>) -> Array2<f64> = submission::softmax_jacobian;
const CHAIN_RULE: fn(&ArrayRef1<f64>, usize) -> Array1<f64> = submission::grad_by_chain_rule;
const LIKELIHOOD: fn(&ArrayRef1<f64>, &ArrayRef1<f64>) -> f64 = submission::bernoulli_likelihood;
const BCE: fn(&ArrayRef1<f64>, &ArrayRef1<f64>) -> f64 = submission::bce_with_logits;
const BCE_GRAD: fn(&ArrayRef1<f64>, &ArrayRef1<f64>) -> Array1<f64> = submission::bce_with_logits_grad;

fn main() {
    serve(&[
        ("softmax", |case| SOFTMAX(&case.matrix("z")).into()),
        ("temperature", |case| TEMPERATURE(&case.matrix("z"), case.float("temperature")).into()),
        ("log_softmax", |case| LOG_SOFTMAX(&case.matrix("z")).into()),
        ("one_hot", |case| match ONE_HOT(&case.counts("labels"), case.count("n_classes")) {
            Ok(y) => Record::new().with("result", "Ok").with("y", y),
            Err(LabelError { position, label, n_classes }) => Record::new()
                .with("result", "Err")
                .with("position", position)
                .with("label", label)
                .with("n_classes", n_classes),
        }),
        ("nll_from_probs", |case| NLL(&case.matrix("p"), &case.counts("labels"), case.float("eps")).into()),
        ("clipped_loss", |case| NLL(&SOFTMAX(&case.matrix("z")), &case.counts("labels"), case.float("eps")).into()),
        ("cross_entropy", |case| CROSS_ENTROPY(&case.matrix("z"), &case.counts("labels")).into()),
        ("printed_loss", |case| CROSS_ENTROPY(&case.matrix("z"), &case.counts("labels")).to_string().into()),
        ("cross_entropy_grad", |case| CROSS_ENTROPY_GRAD(&case.matrix("z"), &case.counts("labels")).into()),
        ("cross_entropy_slope", |case| {
            let (z, labels) = (case.matrix("z"), case.counts("labels"));
            let slope = Array2::from_shape_fn(z.dim(), |index| {
                slope(|by| {
                    let mut z = z.to_owned();
                    z[index] += by;
                    CROSS_ENTROPY(&z, &labels)
                })
            });
            Record::new().with("gradient", CROSS_ENTROPY_GRAD(&z, &labels)).with("slope of the loss", slope)
        }),
        ("softmax_jacobian", |case| JACOBIAN(&case.vector("p")).into()),
        ("grad_by_chain_rule", |case| CHAIN_RULE(&case.vector("p"), case.count("label")).into()),
        ("bernoulli_likelihood", |case| LIKELIHOOD(&case.vector("p"), &case.vector("y")).into()),
        ("bce_with_logits", |case| BCE(&case.vector("z"), &case.vector("y")).into()),
        ("bce_with_logits_grad", |case| BCE_GRAD(&case.vector("z"), &case.vector("y")).into()),
        ("bce_slope", |case| {
            let (z, y) = (case.vector("z"), case.vector("y"));
            let slope = (0..z.len()).map(|sample| {
                slope(|by| {
                    let mut z = z.to_owned();
                    z[sample] += by;
                    BCE(&z, &y)
                })
            });
            Record::new().with("gradient", BCE_GRAD(&z, &y)).with("slope of the loss", slope.collect::<Array1<f64>>())
        }),
        ("labels_fit", |case| match case.text("function") {
            "nll_from_probs" => NLL(&case.matrix("scores"), &case.counts("labels"), 1e-10).into(),
            "cross_entropy" => CROSS_ENTROPY(&case.matrix("scores"), &case.counts("labels")).into(),
            "cross_entropy_grad" => CROSS_ENTROPY_GRAD(&case.matrix("scores"), &case.counts("labels")).into(),
            "grad_by_chain_rule" => CHAIN_RULE(&case.vector("p"), case.count("label")).into(),
            "bernoulli_likelihood" => LIKELIHOOD(&case.vector("scores"), &case.vector("y")).into(),
            "bce_with_logits" => BCE(&case.vector("scores"), &case.vector("y")).into(),
            "bce_with_logits_grad" => BCE_GRAD(&case.vector("scores"), &case.vector("y")).into(),
            other => panic!("a case asks for the function `{other}`"),
        }),
    ]);
}

/// The rise of a loss between a bit less and a bit more, divided by the distance.
fn slope(loss: impl Fn(f64) -> f64) -> f64 {
    const BIT: f64 = 1e-5;
    (loss(BIT) - loss(-BIT)) / (2.0 * BIT)
}
