//! What the grader asks of exercise 7.

use std::{
    cell::RefCell,
    thread,
    time::{Duration, Instant},
};

use dfdx::{
    nn::modules::{Linear, ReLU, Sigmoid},
    tensor::{AsArray, Cpu},
};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use probe::{Record, serve};
use submission::{BenchReport, Dense, Network, Slopes, TensorTour, TwoPasses};

type Matrix = [[f32; 2]; 2];
type Mlp = (Linear<2, 4, f32, Cpu>, ReLU, Linear<4, 1, f32, Cpu>, Sigmoid);

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const TENSOR_TOUR: fn(Matrix, Matrix) -> TensorTour = submission::tensor_tour;
const AUTOGRAD_POLY: fn(f32) -> (f32, f32) = submission::autograd_poly;
const AUTOGRAD_DOT: fn([f32; 3], [f32; 3]) -> (f32, [f32; 3]) = submission::autograd_dot;
const TWO_PASSES: fn(f32) -> TwoPasses = submission::two_passes;
const CROSS_ENTROPY: fn(&ArrayRef2<f64>, &[usize]) -> f32 = submission::cross_entropy;
const HIDDEN: fn(Array2<f64>, Array1<f64>) -> Result<Dense<2, 4>, String> = Dense::from_parts;
const OUTPUT: fn(Array2<f64>, Array1<f64>) -> Result<Dense<4, 1>, String> = Dense::from_parts;
const SQUARE: fn(Array2<f64>, Array1<f64>) -> Result<Dense<3, 3>, String> = Dense::from_parts;
const WEIGHTS: fn(&Dense<2, 4>) -> &ArrayRef2<f64> = Dense::weights;
const BIASES: fn(&Dense<2, 4>) -> &ArrayRef1<f64> = Dense::biases;
const HIDDEN_TO_DFDX: fn(&Dense<2, 4>, &Cpu) -> Linear<2, 4, f32, Cpu> = Dense::to_dfdx;
const SQUARE_TO_DFDX: fn(&Dense<3, 3>, &Cpu) -> Linear<3, 3, f32, Cpu> = Dense::to_dfdx;
const STACK: fn(Dense<2, 4>, Dense<4, 1>) -> Network<2, 4, 1> = submission::stack;
const HIDDEN_OF: fn(&Network<2, 4, 1>) -> &Dense<2, 4> = Network::hidden;
const OUTPUT_OF: fn(&Network<2, 4, 1>) -> &Dense<4, 1> = Network::output;
const FORWARD: fn(&Network<2, 4, 1>, &ArrayRef2<f64>) -> Array2<f64> = Network::forward;
const LOSS_AND_SLOPES: fn(&Network<2, 4, 1>, &ArrayRef2<f64>, &ArrayRef2<f64>) -> (f64, Slopes) =
    Network::loss_and_slopes;
const TO_DFDX: fn(&Network<2, 4, 1>) -> Mlp = submission::to_dfdx;
const DFDX_FORWARD: fn(&Mlp, &ArrayRef2<f64>) -> Array2<f64> = submission::dfdx_forward;
const DFDX_LOSS_AND_SLOPES: fn(&Mlp, &ArrayRef2<f64>, &ArrayRef2<f64>) -> (f64, Slopes) =
    submission::dfdx_loss_and_slopes;
const MAX_DIFFERENCE: fn(&ArrayRef2<f64>, &ArrayRef2<f64>) -> Option<f64> = submission::max_difference;
const FORWARD_PARITY: fn(&Network<2, 4, 1>, &Mlp, &ArrayRef2<f64>) -> f64 = submission::forward_parity;
const GRADIENT_PARITY: fn(&Network<2, 4, 1>, &Mlp, &ArrayRef2<f64>, &ArrayRef2<f64>) -> f64 =
    submission::gradient_parity;
const TRAIN_XOR: fn(&Network<2, 4, 1>, f64, usize) -> Vec<f32> = submission::train_xor;
const TRAIN_XOR_BY_HAND: fn(&Network<2, 4, 1>, f64, usize) -> Vec<f64> = submission::train_xor_by_hand;
const MEDIAN: fn(&[Duration]) -> Duration = submission::median;
const MEASURE: fn(usize, &mut dyn FnMut()) -> Duration = |runs, work| submission::measure(runs, work);
const BENCHMARK: fn(&Network<2, 4, 1>, usize, usize) -> BenchReport = submission::benchmark;
const COMPARISON_TABLE: fn(&BenchReport, f64, f64) -> String = submission::comparison_table;
const TO_HALF: fn(f32) -> f32 = submission::to_half;
const SLOPE_IN_HALF: fn(f32, f32) -> f32 = submission::slope_in_half;

fn main() {
    serve(&[
        ("tensor_tour", |case| {
            let tour = TENSOR_TOUR(square(case, "a"), square(case, "b"));
            Record::new()
                .with("sum", wide(&tour.sum))
                .with("product", wide(&tour.product))
                .with("matmul", wide(&tour.matmul))
                .with("transposed", wide(&tour.transposed))
                .with("flat", Array1::from_iter(tour.flat).mapv(f64::from))
                .with("mean", f64::from(tour.mean))
                .with("largest", f64::from(tour.largest))
        }),
        ("autograd_poly", |case| {
            let (value, slope) = AUTOGRAD_POLY(case.float("x") as f32);
            Record::new().with("value", f64::from(value)).with("slope", f64::from(slope))
        }),
        ("autograd_dot", |case| {
            let (value, gradient) = AUTOGRAD_DOT(three(case, "w"), three(case, "x"));
            Record::new().with("value", f64::from(value)).with("gradient", Array1::from_iter(gradient).mapv(f64::from))
        }),
        ("two_passes", |case| {
            let passes = TWO_PASSES(case.float("x") as f32);
            Record::new()
                .with("first", f64::from(passes.first))
                .with("kept", f64::from(passes.kept))
                .with("cleared", f64::from(passes.cleared))
        }),
        ("cross_entropy", |case| f64::from(CROSS_ENTROPY(&case.matrix("logits"), &case.counts("labels"))).into()),
        ("from_parts", |case| {
            let layer =
                HIDDEN(Array2::zeros((case.count("rows"), case.count("columns"))), Array1::zeros(case.count("biases")));
            layer.map_or("Err", |_| "a layer").into()
        }),
        ("stack", |case| {
            let network = network(case, "");
            layers(HIDDEN_OF(&network), OUTPUT_OF(&network))
        }),
        ("take_apart", |case| {
            // Called as a method and not through a pinned type: whether it takes `self` or `&self` is the learner's task.
            let (hidden, output): (Dense<2, 4>, Dense<4, 1>) = network(case, "").take_apart();
            layers(&hidden, &output)
        }),
        ("n_params", |case| {
            let count: fn() -> usize = match case.text("network") {
                "2-4-1" => Network::<2, 4, 1>::n_params,
                "10-20-5" => Network::<10, 20, 5>::n_params,
                "784-128-10" => Network::<784, 128, 10>::n_params,
                "3-7-2" => Network::<3, 7, 2>::n_params,
                "5-2-6" => Network::<5, 2, 6>::n_params,
                other => panic!("a case asks for the network {other}"),
            };
            count().into()
        }),
        ("forward", |case| FORWARD(&network(case, ""), &case.matrix("x")).into()),
        ("loss_and_slopes", |case| slopes(LOSS_AND_SLOPES(&network(case, ""), &case.matrix("x"), &case.matrix("y")))),
        ("slopes_of_two_outputs", |case| {
            let hidden = HIDDEN(case.matrix("hidden_weights").to_owned(), case.vector("hidden_biases").to_owned());
            let output = Dense::<4, 2>::from_parts(
                case.matrix("output_weights").to_owned(),
                case.vector("output_biases").to_owned(),
            );
            let network: Network<2, 4, 2> =
                submission::stack(hidden.expect("it is (2, 4)"), output.expect("it is (4, 2)"));
            slopes(network.loss_and_slopes(&case.matrix("x"), &case.matrix("y")))
        }),
        ("layer_to_dfdx", |case| {
            let (weights, biases) = (case.matrix("weights").to_owned(), case.vector("biases").to_owned());
            if weights.nrows() == 3 {
                in_dfdx(&SQUARE_TO_DFDX(&SQUARE(weights, biases).expect("it fits"), &Cpu::default()))
            } else {
                in_dfdx(&HIDDEN_TO_DFDX(&HIDDEN(weights, biases).expect("it fits"), &Cpu::default()))
            }
        }),
        ("dfdx_forward", |case| DFDX_FORWARD(&TO_DFDX(&network(case, "")), &case.matrix("x")).into()),
        ("dfdx_loss_and_slopes", |case| {
            let mlp = TO_DFDX(&network(case, ""));
            slopes(DFDX_LOSS_AND_SLOPES(&mlp, &case.matrix("x"), &case.matrix("y")))
        }),
        ("max_difference", |case| MAX_DIFFERENCE(&case.matrix("a"), &case.matrix("b")).into()),
        ("forward_parity", |case| {
            FORWARD_PARITY(&network(case, ""), &TO_DFDX(&network(case, "dfdx_")), &case.matrix("x")).into()
        }),
        ("gradient_parity", |case| {
            let mlp = TO_DFDX(&network(case, "dfdx_"));
            GRADIENT_PARITY(&network(case, ""), &mlp, &case.matrix("x"), &case.matrix("y")).into()
        }),
        ("train_xor", |case| {
            let losses = TRAIN_XOR(&network(case, ""), case.float("learning_rate"), case.count("epochs"));
            Array1::from(losses).mapv(f64::from).into()
        }),
        ("train_xor_by_hand", |case| {
            let losses = TRAIN_XOR_BY_HAND(&network(case, ""), case.float("learning_rate"), case.count("epochs"));
            Array1::from(losses).into()
        }),
        ("median", |case| {
            let times: Vec<Duration> =
                case.counts("nanoseconds").into_iter().map(|time| Duration::from_nanos(time as u64)).collect();
            (MEDIAN(&times).as_nanos() as usize).into()
        }),
        ("measure", |case| {
            // What the clock says of each call, since a busy machine wakes nobody on time.
            let took = RefCell::new(Vec::new());
            let waits = case.counts("milliseconds");
            let time = MEASURE(case.count("runs"), &mut || {
                let start = Instant::now();
                let wait = waits.get(took.borrow().len()).copied().unwrap_or(0);
                thread::sleep(Duration::from_millis(wait as u64));
                took.borrow_mut().push(1000.0 * start.elapsed().as_secs_f64());
            });
            Record::new()
                .with("milliseconds", 1000.0 * time.as_secs_f64())
                .with("each call took", Array1::from(took.into_inner()))
        }),
        ("benchmark", |case| {
            let network = network(case, "");
            let shortest = (0..3).map(|_| {
                let start = Instant::now();
                TRAIN_XOR_BY_HAND(&network, 0.5, case.count("steps"));
                TRAIN_XOR(&network, 0.5, case.count("steps"));
                start.elapsed().as_secs_f64()
            });
            let shortest = shortest.fold(f64::INFINITY, f64::min);
            let start = Instant::now();
            let report = BENCHMARK(&network, case.count("steps"), case.count("runs"));
            Record::new()
                .with("by_hand", report.by_hand.as_secs_f64())
                .with("dfdx", report.dfdx.as_secs_f64())
                .with("steps", report.steps)
                .with("runs", report.runs)
                .with("everything took", start.elapsed().as_secs_f64())
                .with("shortest run of both", shortest)
        }),
        ("comparison_table", |case| {
            let time = |name| Duration::from_nanos(case.count(name) as u64);
            let report = BenchReport {
                by_hand: time("by_hand, nanoseconds"),
                dfdx: time("dfdx, nanoseconds"),
                steps: case.count("steps"),
                runs: case.count("runs"),
            };
            COMPARISON_TABLE(&report, case.float("outputs_differ"), case.float("slopes_differ")).into()
        }),
        ("to_half", |case| case.vector("x").mapv(|x| f64::from(TO_HALF(x as f32))).into()),
        ("slope_in_half", |case| {
            let scale = case.float("scale") as f32;
            case.vector("slope").mapv(|slope| f64::from(SLOPE_IN_HALF(slope as f32, scale))).into()
        }),
    ]);
}

fn layers(hidden: &Dense<2, 4>, output: &Dense<4, 1>) -> Record {
    Record::new()
        .with("hidden_weights", WEIGHTS(hidden).to_owned())
        .with("hidden_biases", BIASES(hidden).to_owned())
        .with("output_weights", output.weights().to_owned())
        .with("output_biases", output.biases().to_owned())
}

/// The network whose parameters a case holds, under names that begin with `prefix`.
fn network(case: &Record, prefix: &str) -> Network<2, 4, 1> {
    let weights = |layer| case.matrix(&format!("{prefix}{layer}_weights")).to_owned();
    let biases = |layer| case.vector(&format!("{prefix}{layer}_biases")).to_owned();
    STACK(
        HIDDEN(weights("hidden"), biases("hidden")).expect("the shapes are (2, 4) and (4)"),
        OUTPUT(weights("output"), biases("output")).expect("the shapes are (4, 1) and (1)"),
    )
}

fn slopes((loss, slopes): (f64, Slopes)) -> Record {
    Record::new()
        .with("loss", loss)
        .with("hidden_weights", slopes.hidden_weights)
        .with("hidden_biases", slopes.hidden_biases)
        .with("output_weights", slopes.output_weights)
        .with("output_biases", slopes.output_biases)
}

fn in_dfdx<const I: usize, const O: usize>(layer: &Linear<I, O, f32, Cpu>) -> Record {
    let (weight, bias) = (layer.weight.array(), layer.bias.array());
    Record::new()
        .with("weight", Array2::from_shape_fn((O, I), |(neuron, input)| f64::from(weight[neuron][input])))
        .with("bias", Array1::from_iter(bias).mapv(f64::from))
}

fn square(case: &Record, name: &str) -> Matrix {
    let matrix = case.matrix(name);
    [[matrix[[0, 0]] as f32, matrix[[0, 1]] as f32], [matrix[[1, 0]] as f32, matrix[[1, 1]] as f32]]
}

fn three(case: &Record, name: &str) -> [f32; 3] {
    let vector = case.vector(name);
    [vector[0] as f32, vector[1] as f32, vector[2] as f32]
}

fn wide(matrix: &Matrix) -> Array2<f64> {
    Array2::from_shape_fn((2, 2), |(row, column)| f64::from(matrix[row][column]))
}
