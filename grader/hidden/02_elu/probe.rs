//! What the grader asks of exercise 2.

use ndarray::{Array1, ArrayRef1};
use probe::{Record, serve};
use submission::Activation;

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
type OfNumber = fn(f64) -> f64;
type WithParameter = fn(f64, f64) -> f64;

const RELU: OfNumber = submission::relu;
const RELU_DERIVATIVE: OfNumber = submission::relu_derivative;
const LEAKY_RELU: WithParameter = submission::leaky_relu;
const LEAKY_RELU_DERIVATIVE: WithParameter = submission::leaky_relu_derivative;
const ELU: WithParameter = submission::elu;
const ELU_DERIVATIVE: WithParameter = submission::elu_derivative;
const ELU_ARRAY: fn(&ArrayRef1<f64>, f64) -> Array1<f64> = submission::elu_array;
const ELU_DERIVATIVE_ARRAY: fn(&ArrayRef1<f64>, f64) -> Array1<f64> = submission::elu_derivative_array;
const SIGMOID: OfNumber = submission::sigmoid;
const SIGMOID_DERIVATIVE: OfNumber = submission::sigmoid_derivative;
const TANH_DERIVATIVE: OfNumber = submission::tanh_derivative;
const APPLY: fn(Activation, f64) -> f64 = Activation::apply;
const DERIVATIVE: fn(Activation, f64) -> f64 = Activation::derivative;
const SWISH: WithParameter = submission::swish;
const SWISH_DERIVATIVE: WithParameter = submission::swish_derivative;
const GELU: OfNumber = submission::gelu;
const MISH: OfNumber = submission::mish;

fn main() {
    serve(&[
        ("relu", |case| RELU(case.float("z")).into()),
        ("relu_derivative", |case| RELU_DERIVATIVE(case.float("z")).into()),
        ("leaky_relu", |case| LEAKY_RELU(case.float("z"), case.float("alpha")).into()),
        ("leaky_relu_derivative", |case| LEAKY_RELU_DERIVATIVE(case.float("z"), case.float("alpha")).into()),
        ("elu", |case| ELU(case.float("z"), case.float("alpha")).into()),
        ("elu_derivative", |case| ELU_DERIVATIVE(case.float("z"), case.float("alpha")).into()),
        ("elu_slope", |case| {
            let (z, step, alpha) = (case.vector("z"), case.float("step"), case.float("alpha"));
            Record::new()
                .with("elu(z - step)", z.mapv(|z| ELU(z - step, alpha)))
                .with("elu(z + step)", z.mapv(|z| ELU(z + step, alpha)))
                .with("elu_derivative(z)", z.mapv(|z| ELU_DERIVATIVE(z, alpha)))
        }),
        ("elu_array", |case| ELU_ARRAY(&case.vector("z"), case.float("alpha")).into()),
        ("elu_derivative_array", |case| ELU_DERIVATIVE_ARRAY(&case.vector("z"), case.float("alpha")).into()),
        ("elu_of_column", |case| {
            ELU_ARRAY(&case.matrix("matrix").column(case.count("column")), case.float("alpha")).into()
        }),
        ("sigmoid", |case| SIGMOID(case.float("z")).into()),
        ("sigmoid_derivative", |case| SIGMOID_DERIVATIVE(case.float("z")).into()),
        ("tanh_derivative", |case| TANH_DERIVATIVE(case.float("z")).into()),
        ("apply", |case| APPLY(activation(case), case.float("z")).into()),
        ("derivative", |case| DERIVATIVE(activation(case), case.float("z")).into()),
        ("swish", |case| SWISH(case.float("z"), case.float("beta")).into()),
        ("swish_derivative", |case| SWISH_DERIVATIVE(case.float("z"), case.float("beta")).into()),
        ("gelu", |case| GELU(case.float("z")).into()),
        ("mish", |case| MISH(case.float("z")).into()),
    ]);
}

fn activation(case: &Record) -> Activation {
    match case.text("activation") {
        "Step" => Activation::Step,
        "Linear" => Activation::Linear,
        "Relu" => Activation::Relu,
        "LeakyRelu" => Activation::LeakyRelu(case.float("alpha")),
        "Elu" => Activation::Elu(case.float("alpha")),
        "Sigmoid" => Activation::Sigmoid,
        "Tanh" => Activation::Tanh,
        other => panic!("a case asks for the activation `{other}`"),
    }
}
