//! What the grader asks of exercise 3.

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use probe::{Generator, Record, generator, serve};
use rand_distr::{Distribution, Normal};
use submission::{Activation, DenseLayer, ThreeLayerNetwork};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const APPLY: fn(Activation, &ArrayRef2<f64>) -> Array2<f64> = Activation::apply;
const PARSE: fn(&str) -> Result<Activation, String> = submission::parse_activation;
const LAYER: fn(Array2<f64>, Array1<f64>, Activation) -> DenseLayer = DenseLayer::from_parts;
const NEW_LAYER: fn(usize, usize, Activation, &mut Generator) -> DenseLayer = DenseLayer::new;
const LAYER_PARAMS: fn(&DenseLayer) -> usize = DenseLayer::n_params;
const PRE_ACTIVATION: fn(&DenseLayer, &ArrayRef2<f64>) -> Array2<f64> = DenseLayer::pre_activation;
const FORWARD: fn(&DenseLayer, &ArrayRef2<f64>) -> Array2<f64> = DenseLayer::forward;
const COLUMNS: fn(&ArrayRef1<f64>, &ArrayRef2<f64>, &ArrayRef1<f64>) -> Array1<f64> = submission::columns_are_neurons;
const ROWS: fn(&ArrayRef1<f64>, &ArrayRef2<f64>, &ArrayRef1<f64>) -> Array1<f64> = submission::rows_are_neurons;
const SOFTMAX: fn(&ArrayRef2<f64>) -> Array2<f64> = submission::softmax_rows;
const NETWORK: fn([DenseLayer; 3]) -> ThreeLayerNetwork = ThreeLayerNetwork::from_layers;
const NEW_NETWORK: fn([usize; 4], &mut Generator) -> ThreeLayerNetwork = ThreeLayerNetwork::new;
const NETWORK_PARAMS: fn(&ThreeLayerNetwork) -> usize = ThreeLayerNetwork::n_params;
const SUMMARY: fn(&ThreeLayerNetwork) -> String = ThreeLayerNetwork::summary;
const LOGITS: fn(&ThreeLayerNetwork, &ArrayRef2<f64>) -> Array2<f64> = ThreeLayerNetwork::forward;
const PREDICT_PROBA: fn(&ThreeLayerNetwork, &ArrayRef2<f64>) -> Array2<f64> = ThreeLayerNetwork::predict_proba;
const PREDICT: fn(&ThreeLayerNetwork, &ArrayRef2<f64>) -> Vec<usize> = ThreeLayerNetwork::predict;

fn main() {
    serve(&[
        ("apply", |case| APPLY(activation(case.text("activation")), &case.matrix("z")).into()),
        ("parse_activation", |case| match PARSE(case.text("name")) {
            Ok(activation) => name(activation).into(),
            Err(message) if message.contains(case.text("name")) => "an error that holds the name".into(),
            Err(_) => "an error without the name".into(),
        }),
        ("new_layer", |case| {
            let mut rng = generator(case.count("seed") as u64);
            let activation = activation(case.text("activation"));
            let layer = NEW_LAYER(case.count("n_in"), case.count("n_out"), activation, &mut rng);
            Record::new()
                .with("weights", layer.weights)
                .with("biases", layer.biases)
                .with("activation", name(layer.activation))
        }),
        ("n_params", |case| {
            let (n_in, n_out) = (case.count("n_in"), case.count("n_out"));
            LAYER_PARAMS(&LAYER(Array2::zeros((n_in, n_out)), Array1::zeros(n_out), Activation::Relu)).into()
        }),
        ("pre_activation", |case| PRE_ACTIVATION(&layer(case, ""), &case.matrix("x")).into()),
        ("forward", |case| FORWARD(&layer(case, ""), &case.matrix("x")).into()),
        ("columns_are_neurons", |case| COLUMNS(&case.vector("x"), &case.matrix("w"), &case.vector("b")).into()),
        ("rows_are_neurons", |case| ROWS(&case.vector("x"), &case.matrix("w"), &case.vector("b")).into()),
        ("softmax_rows", |case| SOFTMAX(&case.matrix("z")).into()),
        ("new_network", |case| {
            let sizes = case.counts("sizes").try_into().expect("four sizes");
            let network = NEW_NETWORK(sizes, &mut generator(case.count("seed") as u64));
            network.layers.iter().enumerate().fold(Record::new(), |record, (number, layer)| {
                let shape = vec![layer.weights.nrows(), layer.weights.ncols()];
                record
                    .with(&format!("shape of layer {}", number + 1), shape)
                    .with(&format!("activation of layer {}", number + 1), name(layer.activation))
            })
        }),
        ("network_counts", |case| {
            let sizes = case.counts("sizes").try_into().expect("four sizes");
            let network = NEW_NETWORK(sizes, &mut generator(case.count("seed") as u64));
            let counts: Vec<usize> = network.layers.iter().map(LAYER_PARAMS).collect();
            let neurons: Vec<usize> = network.layers.iter().map(|layer| layer.weights.ncols()).collect();
            Record::new()
                .with("neurons", neurons)
                .with("parameters", counts)
                .with("all parameters", NETWORK_PARAMS(&network))
        }),
        ("network_on_noise", |case| {
            let mut rng = generator(case.count("seed") as u64);
            let sizes: [usize; 4] = case.counts("sizes").try_into().expect("four sizes");
            let network = match case.get("std_dev") {
                Some(_) => network_of_spread(sizes, case.float("std_dev"), &mut rng),
                None => NEW_NETWORK(sizes, &mut rng),
            };
            let x = normal((case.count("samples"), sizes[0]), 1.0, &mut rng);
            let (mut activations, mut std_devs) = (x.clone(), vec![x.std(0.0)]);
            for layer in &network.layers {
                std_devs.push(PRE_ACTIVATION(layer, &activations).std(0.0));
                activations = FORWARD(layer, &activations);
            }
            Record::new().with("std_devs", Array1::from(std_devs)).with("logits", LOGITS(&network, &x))
        }),
        ("network_params", |case| NETWORK_PARAMS(&network_of_zeros(case)).into()),
        ("summary", |case| SUMMARY(&network_of_zeros(case)).into()),
        ("logits", |case| LOGITS(&network(case), &case.matrix("x")).into()),
        ("predict_proba", |case| PREDICT_PROBA(&network(case), &case.matrix("x")).into()),
        ("predict", |case| PREDICT(&network(case), &case.matrix("x")).into()),
    ]);
}

/// The layer whose parameters a case holds, under names that end in `suffix`.
fn layer(case: &Record, suffix: &str) -> DenseLayer {
    let part = |name| format!("{name}{suffix}");
    LAYER(
        case.matrix(&part("weights")).to_owned(),
        case.vector(&part("biases")).to_owned(),
        activation(case.text(&part("activation"))),
    )
}

/// A network of which only the sizes and the activations count.
fn network_of_zeros(case: &Record) -> ThreeLayerNetwork {
    let sizes = case.counts("sizes");
    let layer = |number: usize| {
        let (n_in, n_out) = (sizes[number], sizes[number + 1]);
        let activation = activation(case.text(&format!("activation{number}")));
        LAYER(Array2::zeros((n_in, n_out)), Array1::zeros(n_out), activation)
    };
    NETWORK([layer(0), layer(1), layer(2)])
}

fn network(case: &Record) -> ThreeLayerNetwork {
    NETWORK([layer(case, "0"), layer(case, "1"), layer(case, "2")])
}

/// A network whose weights are drawn with this standard deviation, whatever the sizes of its layers are.
fn network_of_spread(sizes: [usize; 4], std_dev: f64, rng: &mut Generator) -> ThreeLayerNetwork {
    let mut layer =
        |n_in, n_out, activation| LAYER(normal((n_in, n_out), std_dev, rng), Array1::zeros(n_out), activation);
    let [n_in, first, second, n_classes] = sizes;
    NETWORK([
        layer(n_in, first, Activation::Relu),
        layer(first, second, Activation::Relu),
        layer(second, n_classes, Activation::Linear),
    ])
}

fn normal(shape: (usize, usize), std_dev: f64, rng: &mut Generator) -> Array2<f64> {
    let normal = Normal::new(0.0, std_dev).expect("a standard deviation is not negative");
    Array2::from_shape_simple_fn(shape, || normal.sample(rng))
}

fn activation(name: &str) -> Activation {
    match name {
        "linear" => Activation::Linear,
        "relu" => Activation::Relu,
        "sigmoid" => Activation::Sigmoid,
        other => panic!("a case asks for the activation `{other}`"),
    }
}

fn name(activation: Activation) -> &'static str {
    match activation {
        Activation::Linear => "linear",
        Activation::Relu => "relu",
        Activation::Sigmoid => "sigmoid",
    }
}
