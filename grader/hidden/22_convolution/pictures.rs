//! What there is to see in exercise 22.

use datasets::digits::{MAX_PIXEL, SIDE, digits};
use judge::pictures::*;
use ndarray::{Array3, Array4};

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![ask.once(edges)?, chosen(ask)?, ask.once(seen_by)?, ask.once(learned)?, shifted(ask)?, ask.once(rotated)?])
}

const N_PIXELS: usize = SIDE * SIDE;

/// The first digit of a class, as an image of one channel with pixels from 0 to 1.
fn digit(class: usize) -> Array3<f64> {
    let digits = digits();
    let number = digits.labels.iter().position(|&label| label == class).expect("every digit is there");
    let pixels = digits.features.row(number).to_owned() / MAX_PIXEL;
    pixels.into_shape_with_order((1, SIDE, SIDE)).expect("64 pixels")
}

/// An axis without ticks, beside images.
fn blank(from: f64, to: f64) -> Axis {
    Axis::new("").ticks::<&str>([]).from(from, to)
}

/// An image of `side` by `side` pixels, 8 units wide, in a grid whose places are 10 units apart and 12 high.
fn place(row: usize, column: usize, side: usize) -> Cells {
    let (left, bottom) = (column as f64 * 10.0, -(row as f64) * 12.0);
    Cells { x: (left, left + 8.0), y: (bottom, bottom + 8.0), columns: side, rows: side }
}

fn edges(ask: &mut Ask<'_>) -> Result<Picture> {
    const SHOWN: [usize; 3] = [0, 1, 7];
    let mut picture =
        Picture::new("edges", "Kernels that find edges", blank(-1.0, 39.0), blank(-25.0, 12.0)).equal_units().caption(
            "Three digits, and the maps that three kernels of 3 by 3 make of them, with a padding of 1. The first \
             kernel finds vertical edges: it subtracts the pixels on the left from those on the right. The second \
             kernel does the same with the pixels above and below. One colour means from paper to ink, the other from \
             ink to paper. The third kernel is a mean, and blurs. If edges are shifted by a pixel, the padding is \
             wrong; if the colours are exchanged, the kernels were flipped.",
        );
    let kernels = [
        [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]],
        [[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]],
        [[4.0 / 9.0; 3]; 3],
    ];
    let kernels = Array4::from_shape_fn((3, 1, 3, 3), |(k, _, i, j)| kernels[k][i][j]);
    let maps = ask.both(|side| {
        let mut all = Vec::new();
        for class in SHOWN {
            let case = Record::new()
                .with("image", digit(class))
                .with("kernels", kernels.clone())
                .with("biases", Array1::<f64>::zeros(3))
                .with("stride", 1_usize)
                .with("padding", 1_usize);
            all.extend(side.ask("convolve", &case)?.exactly(3 * N_PIXELS, RESULT)?);
        }
        Ok(all)
    })?;
    let maps = maps.one(&mut picture);
    for (row, class) in SHOWN.into_iter().enumerate() {
        picture.raster(place(row, 0, SIDE), digit(class).into_iter().collect(), Palette::Ink, (0.0, 1.0));
        for column in 0..3 {
            let start = (row * 3 + column) * N_PIXELS;
            let map = maps[start..start + N_PIXELS].to_vec();
            picture.raster(place(row, column + 1, SIDE), map, Palette::Diverging, (-4.0, 4.0));
        }
    }
    for (column, name) in ["image", "upright", "level", "blurred"].into_iter().enumerate() {
        picture.label(column as f64 * 10.0 + 1.0, 10.0, name);
    }
    Ok(picture)
}

/// Kernels to choose from; what they find is their name.
const KERNELS: [(&str, [f64; 9]); 6] = [
    ("upright edges", [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0]),
    ("level edges", [-1.0, -2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0]),
    ("slanting edges", [0.0, 1.0, 2.0, -1.0, 0.0, 1.0, -2.0, -1.0, 0.0]),
    ("outlines", [-1.0, -1.0, -1.0, -1.0, 8.0, -1.0, -1.0, -1.0, -1.0]),
    ("a blurred image", [1.0 / 9.0; 9]),
    ("a sharper image", [0.0, -1.0, 0.0, -1.0, 5.0, -1.0, 0.0, -1.0, 0.0]),
];

/// An image that is drawn with the pointer, and what a kernel makes of it: one of the above, or one that was learned.
fn chosen(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture =
        Picture::new("chosen", "A kernel of your choice", blank(-1.0, 30.0), blank(-3.0, 13.0)).equal_units().caption(
            "An image, a kernel of 3 by 3, and the map that your `convolve` makes of them. On the page of `serve` you draw \
             the image, and choose the kernel, the stride and the padding. The last eight kernels are those that your \
             network has learned. Blue is positive (cyan in a terminal), orange is negative (red), and the strongest \
             colours are the largest numbers that the kernel can give. How does the map change its size? Which kernel \
             responds to a stroke from the bottom left to the top right?",
        );
    let controls = &ask.controls;
    let ink = picture.canvas(controls, "image", digit(2).into_iter().collect(), (SIDE, SIDE));
    let learned = (1..=N_KERNELS).map(|number| format!("learned kernel {number}"));
    let names: Vec<String> = KERNELS.iter().map(|(name, _)| (*name).to_owned()).chain(learned).collect();
    let kernel = picture.choice(controls, "kernel", 0, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let stride = picture.whole(controls, "stride", 1, (1, 4));
    let padding = picture.whole(controls, "padding", 1, (0, 3));
    let side_of_map = (SIDE + 2 * padding - 3) / stride + 1;
    let image = Array3::from_shape_vec((1, SIDE, SIDE), ink.clone()).map_err(anyhow::Error::from)?;
    let both = ask.both(|side| {
        let kernel = match KERNELS.get(kernel) {
            Some((_, kernel)) => kernel.to_vec(),
            None => Learned::of(side)?.kernel(kernel - KERNELS.len()),
        };
        let case = Record::new()
            .with("image", image.clone())
            .with("kernels", Array4::from_shape_fn((1, 1, 3, 3), |(_, _, i, j)| kernel[3 * i + j]))
            .with("biases", array![0.0])
            .with("stride", stride)
            .with("padding", padding);
        Ok((kernel, side.ask("convolve", &case)?.exactly(side_of_map * side_of_map, RESULT)?))
    })?;
    let (kernel, map) = both.one(&mut picture).clone();
    let sum = |sign: f64| kernel.iter().map(|entry| (sign * entry).max(0.0)).sum::<f64>();
    let (strongest, most) = (largest(&kernel), sum(1.0).max(sum(-1.0)));
    // The pixels of the map are as large as those of the image.
    let parts = [
        ("image".to_owned(), 0.0, SIDE, SIDE as f64, ink, Palette::Ink, (0.0, 1.0)),
        ("kernel".to_owned(), 9.5, 3, 6.0, kernel, Palette::Diverging, (-strongest, strongest)),
        (
            format!("map, {side_of_map} × {side_of_map}"),
            17.0,
            side_of_map,
            side_of_map as f64,
            map,
            Palette::Diverging,
            (-most, most),
        ),
    ];
    for (name, left, side, width, numbers, palette, range) in parts {
        let (x, y) = ((left, left + width), (4.0 - width / 2.0, 4.0 + width / 2.0));
        picture.raster(Cells { x, y, columns: side, rows: side }, numbers, palette, range);
        let corners = [(x.0, y.0), (x.1, y.0), (x.1, y.1), (x.0, y.1), (x.0, y.0)];
        picture.add("", Mark::Line, Role::Guide, corners.to_vec());
        picture.label(left + width.max(6.0) / 2.0, 11.5, name);
    }
    Ok(picture)
}

/// The largest size of these numbers, which is more than 0.
fn largest(numbers: &[f64]) -> f64 {
    numbers.iter().fold(1e-9, |largest: f64, number| largest.max(number.abs()))
}

fn seen_by(ask: &mut Ask<'_>) -> Result<Picture> {
    const WIDTH: usize = 12;
    let mut picture = Picture::new(
        "seen_by",
        "How many windows contain a pixel",
        Axis::new("column of the image").from(-1.0, 12.0).ticks([(0.0, 0), (5.0, 5), (11.0, 11)]),
        Axis::new("gradient").from(0.0, 3.5),
    )
    .caption(
        "A strip of 12 pixels, a window three pixels wide, and a padding of 1. Every entry of every patch gets a \
         gradient of 1, and `col2im` adds them up. With stride 1, three windows contain each pixel, except for the \
         ends, where there are two. With stride 2 the bars alternate: pixels where two windows overlap get twice as \
         much. If all bars are 1, patches overwrite each other.",
    );
    for (n, (name, stride)) in [("stride 1", 1_usize), ("stride 2", 2)].into_iter().enumerate() {
        // The strip is one pixel high; only the middle row of the window lies on it.
        let places = (WIDTH - 1) / stride + 1;
        let d_patches = Array2::from_shape_fn((places, 9), |(_, entry)| if entry / 3 == 1 { 1.0 } else { 0.0 });
        let case = Record::new()
            .with("d_patches", d_patches)
            .with("shape", vec![1, 1, WIDTH])
            .with("side", 3_usize)
            .with("stride", stride)
            .with("padding", 1_usize);
        let bars = ask.both(|side| {
            let gradient = side.ask("col2im", &case)?.exactly(WIDTH, RESULT)?;
            let place = |(x, y): (usize, f64)| (x as f64 + 0.36 * n as f64 - 0.18, y);
            Ok(gradient.into_iter().enumerate().map(place).collect::<Vec<_>>())
        })?;
        picture.compare(name, Mark::Bars(0.3), n, bars);
    }
    Ok(picture)
}

const N_KERNELS: usize = 8;

/// The first layer of the trained network.
#[derive(Clone)]
struct Learned {
    kernels: Vec<f64>,
    maps: Vec<f64>,
}

impl Learned {
    fn of(side: &mut Side<'_>) -> Asked<Self> {
        let case = Record::new()
            .with("n_kernels", vec![N_KERNELS, 16])
            .with("epochs", 6_usize)
            .with("batch_size", 8_usize)
            .with("learning_rate", 0.15)
            .with("augmented", true)
            .with("seed", 22_usize)
            .with("image", digit(5).into_shape_with_order((1, N_PIXELS)).expect("64 pixels"));
        let answer = side.ask("learned", &case)?;
        Ok(Self {
            kernels: answer.exactly(9 * N_KERNELS, "kernels")?,
            maps: answer.exactly(N_PIXELS * N_KERNELS, "maps")?,
        })
    }

    /// The entries of a kernel, which is a column.
    fn kernel(&self, number: usize) -> Vec<f64> {
        self.kernels.iter().skip(number).step_by(N_KERNELS).copied().collect()
    }
}

fn learned(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new("learned", "What the first layer has learned", blank(-1.0, 79.0), blank(-13.0, 9.0))
        .equal_units()
        .caption(
            "Your network has read shifted digits for six epochs. Above are its eight kernels of 3 by 3, and below \
             each kernel the map that it makes of a 5, before the ReLU. Several kernels detect edges in some \
             direction, although no line of code told them to. If the maps are alike, or all of one colour, nothing \
             was learned.",
        );
    let learned = ask.both(Learned::of)?;
    let learned = learned.one(&mut picture);
    for k in 0..N_KERNELS {
        let kernel = learned.kernel(k);
        let map = learned.maps[k * N_PIXELS..(k + 1) * N_PIXELS].to_vec();
        let (strongest, most) = (largest(&kernel), largest(&map));
        picture.raster(place(0, k, 3), kernel, Palette::Diverging, (-strongest, strongest));
        picture.raster(place(1, k, SIDE), map, Palette::Diverging, (-most, most));
    }
    Ok(picture)
}

fn shifted(ask: &mut Ask<'_>) -> Result<Picture> {
    const N: usize = 16;
    let mut picture =
        Picture::new("shifted", "One digit, augmented", blank(-1.0, 79.0), blank(-13.0, 12.0)).equal_units().caption(
            "One 3, which `augment` has shifted, by up to two pixels unless you \
             change that. A person reads a 3 in all of these images: the \
             label is still right. If all images are alike, one shift was drawn for the whole batch; if strokes come \
             in on the opposite side, pixels wrap round.",
        );
    let max_shift = picture.whole(&ask.controls, "largest shift", 2, (0, 4));
    let seed = picture.seed(&ask.controls, "seed", 5);
    let pixels: Vec<f64> = digit(3).into_iter().collect();
    let case = Record::new()
        .with("x", Array2::from_shape_fn((N, N_PIXELS), |(_, pixel)| pixels[pixel]))
        .with("shape", vec![1, SIDE, SIDE])
        .with("max_shift", max_shift)
        .with("seed", seed);
    let images = ask.both(|side| side.ask("augment", &case)?.exactly(N * N_PIXELS, "first"))?;
    let images = images.one(&mut picture);
    for (number, image) in images.chunks(N_PIXELS).enumerate() {
        picture.raster(place(number / 8, number % 8, SIDE), image.to_vec(), Palette::Ink, (0.0, 1.0));
    }
    Ok(picture)
}

fn rotated(ask: &mut Ask<'_>) -> Result<Picture> {
    const ANGLES: [f64; 5] = [-30.0, -15.0, 0.0, 15.0, 30.0];
    let mut picture =
        Picture::new("rotated", "A digit, rotated", blank(-1.0, 49.0), blank(-5.0, 10.0)).equal_units().caption(
            "A 7, rotated by the angles below. Positive angles turn it anticlockwise. Every pixel is a mean of four, \
             so the image loses a little of its sharpness; at 0 degrees nothing changes. If the 7 leaves the image, it \
             is rotated around a corner, not around the middle.",
        );
    let images = ask.both(|side| {
        let mut all = Vec::new();
        for degrees in ANGLES {
            let case = Record::new().with("image", digit(7)).with("degrees", degrees);
            all.push(side.ask("rotate", &case)?.exactly(N_PIXELS, RESULT)?);
        }
        Ok(all)
    })?;
    let images = images.one(&mut picture);
    for (column, (image, degrees)) in images.iter().zip(ANGLES).enumerate() {
        picture.raster(place(0, column, SIDE), image.clone(), Palette::Ink, (0.0, 1.0));
        picture.label(column as f64 * 10.0 + 2.5, -2.5, format!("{degrees}°"));
    }
    Ok(picture)
}
