//! What the grader asks of exercise 11.

use std::{cell::RefCell, rc::Rc};

use engine::{BceWithLogits, Layer, Linear, Loss, Mse, Parameter, Relu, Sequential, Sigmoid, Tanh};
use ndarray::{Array1, Array2, ArrayD, ArrayRef1, ArrayRef2, array};
use probe::{Record, Value, report_progress, serve};
use submission::{Candidate, Function, Gradient, TensorCheck, Verdict};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const NUMERICAL_GRADIENT: fn(Box<dyn FnMut(&ArrayRef1<f64>) -> f64>, &ArrayRef1<f64>, f64) -> Array1<f64> =
    submission::numerical_gradient;
const RELATIVE_ERROR: fn(&ArrayRef1<f64>, &ArrayRef1<f64>) -> f64 = submission::relative_error;
const FIND_WRONG: fn(&[Candidate]) -> Vec<usize> = submission::find_wrong;
const NEAR_KINK: fn(&ArrayRef2<f64>, f64) -> usize = submission::near_kink;
const GRADIENT_NORMS: fn(&mut Sequential) -> Vec<f64> = submission::gradient_norms;
const LARGEST_DIFFERENCE: fn(&TensorCheck) -> (f64, Vec<usize>) = TensorCheck::largest_difference;
const VERDICT: fn(&TensorCheck, usize) -> Verdict = TensorCheck::verdict;
const CHECK_NETWORK: fn(&mut Sequential, &dyn Loss, &ArrayRef2<f64>, &ArrayRef2<f64>, f64) -> Vec<TensorCheck> =
    submission::check_network;
const DIRECTIONAL_DERIVATIVE: fn(fn(&ArrayRef1<f64>) -> f64, &ArrayRef1<f64>, &ArrayRef1<f64>, f64) -> f64 =
    submission::directional_derivative;

/// The parameter tensors of a network, in order.
const TENSORS: [&str; 8] = ["W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4"];

fn main() {
    serve(&[
        ("numerical_gradient", |case| {
            NUMERICAL_GRADIENT(Box::new(function(case)), &case.vector("theta"), case.float("eps")).into()
        }),
        ("points", |case| {
            let asked = Rc::new(RefCell::new(Vec::new()));
            let (points, f) = (Rc::clone(&asked), function(case));
            let recorded = move |theta: &ArrayRef1<f64>| {
                points.borrow_mut().extend_from_slice(&theta.to_vec());
                f(theta)
            };
            NUMERICAL_GRADIENT(Box::new(recorded), &case.vector("theta"), case.float("eps"));
            let (points, n) = (asked.take(), case.vector("theta").len());
            let points =
                Array2::from_shape_vec((points.len() / n, n), points).expect("every point is as long as theta");
            Record::new().with("points", points)
        }),
        ("relative_error", |case| RELATIVE_ERROR(&case.vector("a"), &case.vector("b")).into()),
        ("find_wrong", |case| {
            let boxes: Vec<Candidate> = case.parts().map(|(number, _)| candidate(case.text(number))).collect();
            // What the learner's own functions say of each box, at some numbers.
            let error = |it: Candidate| {
                let theta = Array1::from_shape_fn(it.n_inputs, |i| (2.0 + 5.0 * i as f64).sin());
                RELATIVE_ERROR(&(it.gradient)(&theta), &NUMERICAL_GRADIENT(Box::new(it.function), &theta, 1e-5))
            };
            let wrong = FIND_WRONG(&boxes);
            Record::new().with("result", wrong).with("errors", boxes.into_iter().map(error).collect::<Array1<f64>>())
        }),
        ("near_kink", |case| NEAR_KINK(&case.matrix("z"), case.float("eps")).into()),
        ("gradient_norms", |case| {
            let mut layers: Vec<Box<dyn Layer>> = Vec::new();
            for names in TENSORS.chunks(2) {
                let is_there = |name: &&&str| case.get(name).is_some();
                let both = |name: &&str| (tensor(case, name), tensor(case, &format!("d{name}")));
                layers.push(Box::new(Still(names.iter().filter(is_there).map(both).collect())));
            }
            Array1::from(GRADIENT_NORMS(&mut Sequential::new(layers))).into()
        }),
        ("largest_difference", |case| {
            let (difference, index) = LARGEST_DIFFERENCE(&tensor_check(case));
            Record::new().with("difference", difference).with("index", index)
        }),
        ("verdict", |case| {
            let check = tensor_check(case);
            let verdict = name(VERDICT(&check, case.count("n_near_kink")));
            let error = RELATIVE_ERROR(&check.computed.flatten(), &check.measured.flatten());
            Record::new().with("result", verdict).with("error", error)
        }),
        ("check_network", |case| {
            let mut net = network(case);
            if case.get("x of an earlier batch").is_some() {
                let output = net.forward(&case.matrix("x of an earlier batch"));
                net.backward(&loss(case).gradient(&output, &case.matrix("y of an earlier batch")));
            }
            let checks = check_network(&mut net, case);
            let record = Record::new().with("tensors", checks.len());
            let record = TENSORS.iter().zip(checks).fold(record, |record, (name, check)| {
                record
                    .with(&format!("computed {name}"), check.computed)
                    .with(&format!("measured {name}"), check.measured)
            });
            // What the learner's own function measures, tensor by tensor.
            let tensors = TENSORS.iter().enumerate().take_while(|(_, name)| case.get(name).is_some());
            tensors.fold(record, |record, (number, name)| {
                let (mut net, loss) = (network(case), loss(case));
                let (x, y) = (case.matrix("x").to_owned(), case.matrix("y").to_owned());
                let f = move |theta: &ArrayRef1<f64>| {
                    net.parameters()[number].value.iter_mut().zip(theta).for_each(|(value, theta)| *value = *theta);
                    loss.value(&net.forward(&x), &y)
                };
                let theta = tensor(case, name).flatten().to_owned();
                record.with(&format!("slopes {name}"), NUMERICAL_GRADIENT(Box::new(f), &theta, case.float("eps")))
            })
        }),
        ("parameters_afterwards", |case| {
            let mut net = network(case);
            check_network(&mut net, case);
            let parameters: Vec<ArrayD<f64>> = net.parameters().iter().map(|it| it.value.to_owned()).collect();
            TENSORS.iter().zip(parameters).fold(Record::new(), |record, (name, value)| record.with(name, value))
        }),
        ("verdicts", |case| {
            // Only this network's first layer can be at a kink.
            let n_near_kink = match case.text("activation") {
                "ReLU" => {
                    NEAR_KINK(&(case.matrix("x").dot(&case.matrix("W1")) + &case.vector("b1")), case.float("eps"))
                }
                _ => 0,
            };
            let checks = check_network(&mut network(case), case);
            TENSORS
                .iter()
                .zip(checks)
                .fold(Record::new(), |record, (tensor, check)| record.with(tensor, name(VERDICT(&check, n_near_kink))))
        }),
        ("directional_derivative", |case| {
            DIRECTIONAL_DERIVATIVE(function(case), &case.vector("theta"), &case.vector("direction"), case.float("eps"))
                .into()
        }),
        ("norms_of_a_training", |case| {
            let mut net = network(case);
            let epochs = case.count("epochs");
            let mut norms = Vec::new();
            for epoch in 0..epochs {
                let loss = net.train_step(&case.matrix("x"), &case.matrix("y"), &Mse, case.float("learning_rate"));
                report_progress(epoch, epochs, Some(loss));
                norms.extend(GRADIENT_NORMS(&mut net));
            }
            Array1::from(norms).into()
        }),
    ]);
}

fn function(case: &Record) -> fn(&ArrayRef1<f64>) -> f64 {
    match case.text("f") {
        "a³" => |theta| theta[0] * theta[0] * theta[0],
        "a³ + 2ab² + b·sin c" => |theta| {
            let (a, b, c) = (theta[0], theta[1], theta[2]);
            a * a * a + 2.0 * a * b * b + b * c.sin()
        },
        "the mean of θ⁴" => |theta| theta.mapv(|theta| theta.powi(4)).sum() / theta.len() as f64,
        other => panic!("a case asks for the function `{other}`"),
    }
}

/// The black box that is called `title`.
fn candidate(title: &str) -> Candidate {
    let (n_inputs, function, gradient): (_, Box<Function>, Box<Gradient>) = match title {
        "Σθ², claims 2θ" => (4, Box::new(|t| t.dot(t)), Box::new(|t| t.mapv(|t| 2.0 * t))),
        "Σθ², claims θ" => (3, Box::new(|t| t.dot(t)), Box::new(|t| t.to_owned())),
        "Σθ², claims NaN" => (2, Box::new(|t| t.dot(t)), Box::new(|t| t.mapv(|_| f64::NAN))),
        "Σθ², claims 2.00001·θ" => (3, Box::new(|t| t.dot(t)), Box::new(|t| t.mapv(|t| 2.00001 * t))),
        "Σθ³, claims 3θ² in reverse" => {
            (4, Box::new(|t| t.mapv(|t| t * t * t).sum()), Box::new(|t| t.iter().rev().map(|t| 3.0 * t * t).collect()))
        }
        "Σθ², claims 2θ, but 0 at the end" => {
            (4, Box::new(|t| t.dot(t)), Box::new(|t| (0..4).map(|i| if i < 3 { 2.0 * t[i] } else { 0.0 }).collect()))
        }
        "10⁶·Σθ², claims 2·10⁶·θ" => (3, Box::new(|t| 1e6 * t.dot(t)), Box::new(|t| t.mapv(|t| 2e6 * t))),
        "10⁻⁶·Σθ², claims 10⁻⁶·θ" => {
            (3, Box::new(|t| 1e-6 * t.dot(t)), Box::new(|t| t.mapv(|t| 1e-6 * t)))
        }
        "mean of θ³, claims 3θ²/n" => (5, Box::new(mean_cube), Box::new(|t| t.mapv(|t| 3.0 * t * t / 5.0))),
        "mean of θ³, claims 3θ²" => (5, Box::new(mean_cube), Box::new(|t| t.mapv(|t| 3.0 * t * t))),
        "mean of θ³, claims 3θ/n" => (5, Box::new(mean_cube), Box::new(|t| t.mapv(|t| 3.0 * t / 5.0))),
        "|A·θ - c|², claims 2Aᵀ·(A·θ - c)" => {
            (3, Box::new(|t| residual(t).dot(&residual(t))), Box::new(|t| 2.0 * a().t().dot(&residual(t))))
        }
        "|A·θ - c|², claims 2A·(A·θ - c)" => {
            (3, Box::new(|t| residual(t).dot(&residual(t))), Box::new(|t| 2.0 * a().dot(&residual(t))))
        }
        "Σ max(0, θ), claims 1 where θ > 0" => {
            (6, Box::new(|t| t.mapv(|t| t.max(0.0)).sum()), Box::new(|t| t.mapv(|t| if t > 0.0 { 1.0 } else { 0.0 })))
        }
        "ln Σe^θ, claims softmax" => {
            (4, Box::new(|t| t.mapv(f64::exp).sum().ln()), Box::new(|t| t.mapv(f64::exp) / t.mapv(f64::exp).sum()))
        }
        other => panic!("a case asks for the black box `{other}`"),
    };
    Candidate { n_inputs, function, gradient }
}

fn mean_cube(theta: &ArrayRef1<f64>) -> f64 {
    theta.mapv(|theta| theta * theta * theta).sum() / theta.len() as f64
}

fn a() -> Array2<f64> {
    array![[1.0, 2.0, -0.5], [0.25, -1.0, 1.5], [-2.0, 0.5, 0.75]]
}

fn residual(theta: &ArrayRef1<f64>) -> Array1<f64> {
    a().dot(theta) - array![0.5, -1.0, 2.0]
}

fn tensor(case: &Record, name: &str) -> ArrayD<f64> {
    match case.get(name) {
        Some(Value::Array { shape, data }) => {
            ArrayD::from_shape_vec(shape.as_slice(), data.clone()).expect("a case is whole")
        }
        other => panic!("`{name}` is not an array but {other:?}"),
    }
}

fn tensor_check(case: &Record) -> TensorCheck {
    TensorCheck { computed: tensor(case, "computed"), measured: tensor(case, "measured") }
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Vacuous => "Vacuous",
        Verdict::Right => "Right",
        Verdict::Kink => "Kink",
        Verdict::Wrong => "Wrong",
    }
}

/// Tensors with gradients that no pass changes.
struct Still(Vec<(ArrayD<f64>, ArrayD<f64>)>);

impl Layer for Still {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        x.to_owned()
    }

    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        d_out.to_owned()
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let views = self.0.iter_mut().map(|(value, gradient)| (value.view_mut(), gradient.view()));
        views.map(|(value, gradient)| Parameter { value, gradient }).collect()
    }

    fn describe(&self) -> String {
        "Still".to_owned()
    }
}

/// A linear layer whose backward pass is wrong in one respect, or in none.
struct Sabotaged {
    layer: Linear,
    sabotage: String,
}

impl Layer for Sabotaged {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        self.layer.forward(x)
    }

    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let d_x = self.layer.backward(d_out);
        match self.sabotage.as_str() {
            "none" => d_x,
            "db stays 0" => {
                self.layer.d_biases.fill(0.0);
                d_x
            }
            "dW is divided by n" => {
                self.layer.d_weights /= d_out.nrows() as f64;
                d_x
            }
            "dX is dZ·W" => d_out.dot(&self.layer.weights),
            other => panic!("a case asks for the sabotage `{other}`"),
        }
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.layer.parameters()
    }

    fn describe(&self) -> String {
        self.layer.describe()
    }
}

/// The network of a case: linear layers with its activation between them, and the second one sabotaged as it says.
fn network(case: &Record) -> Sequential {
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    for names in TENSORS.chunks(2).take_while(|names| case.get(names[0]).is_some()) {
        match case.text("activation") {
            _ if layers.is_empty() => (),
            "ReLU" => layers.push(Box::new(Relu::default())),
            "sigmoid" => layers.push(Box::new(Sigmoid::default())),
            "tanh" => layers.push(Box::new(Tanh::default())),
            other => panic!("a case asks for the activation `{other}`"),
        }
        let layer = Linear::from_parts(case.matrix(names[0]).to_owned(), case.vector(names[1]).to_owned());
        match case.get("sabotage of layer 2") {
            Some(Value::Text(sabotage)) if names[0] == "W2" => {
                layers.push(Box::new(Sabotaged { layer, sabotage: sabotage.clone() }));
            }
            _ => layers.push(Box::new(layer)),
        }
    }
    Sequential::new(layers)
}

fn check_network(net: &mut Sequential, case: &Record) -> Vec<TensorCheck> {
    CHECK_NETWORK(net, loss(case), &case.matrix("x"), &case.matrix("y"), case.float("eps"))
}

/// The loss that a case names, or else the mean squared error.
fn loss(case: &Record) -> &'static dyn Loss {
    match case.get("loss") {
        Some(Value::Text(name)) if name == "BceWithLogits" => &BceWithLogits,
        _ => &Mse,
    }
}
