//! Computes every number in the questions.

use lesson::Lesson;

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    always_the_same(&mut quiz);
    added_up(&mut quiz);
    quiz.given("the table shows 0.1097");
    when_to_stop(&mut quiz);
    quiz.given("Pixels from 0 to 255");
    quiz.given("64-64-10 has a validation accuracy of 0.95. Somebody proposes 64-128-10");
    quiz.says("among 237 samples one mistake is 0.4 %", &[237.0, 100.0 / 237.0]);
    five_losses(&mut quiz);
    quiz.finish();
}

fn always_the_same(quiz: &mut Lesson) {
    quiz.given("have the accuracy 0.95:");
    let share = |counts: &[f64]| counts.iter().copied().fold(0.0, f64::max) / counts.iter().sum::<f64>();
    let (digits, two) = (share(&[1.0; 10]), share(&[95.0, 5.0]));
    quiz.says("0.1 on the digits, 0.95 on the two", &[digits, two]);
    quiz.says("0.1 on the digits, 0.5 on the two", &[digits, 0.5]);
    quiz.given("0.5 is the accuracy of tossing a coin");
    quiz.says("0.1 on the digits, 0.05 on the two", &[digits, 1.0 - two]);
    quiz.says("0 on the digits, 0.95 on the two", &[0.0, two]);
    quiz.says("So 0.1 needs no knowledge", &[digits]);
}

fn added_up(quiz: &mut Lesson) {
    quiz.given("the batch size is 16, the learning rate 0.15");
    quiz.says("answer = 2.4", &[0.15 * 16.0]);
    quiz.given("tolerance = 0.05");
    quiz.says("too long: 0.15 · 16", &[0.15, 16.0]);
    quiz.says("0.15 / 16 = 0.0094", &[0.15, 16.0, 0.15 / 16.0]);
    quiz.says("value = 0.009375", &[0.15 / 16.0]);
    quiz.given("would undo it, 0.15 / 16.");
    quiz.given("value = 0.15");
    quiz.says("value = 0.6", &[0.15 * 16_f64.sqrt()]);
}

fn when_to_stop(quiz: &mut Lesson) {
    let losses = [0.1332, 0.1060, 0.0878, 0.0845, 0.0884, 0.0906, 0.0991, 0.1107, 0.0858, 0.0899];
    quiz.says("0.1332, 0.1060, 0.0878, 0.0845, 0.0884, 0.0906, 0.0991, 0.1107, 0.0858, 0.0899", &losses);
    let (mut best, mut best_epoch, mut stop) = (f64::INFINITY, 0, 0);
    for (epoch, loss) in (1..).zip(losses) {
        if loss < best {
            (best, best_epoch) = (loss, epoch);
        } else if epoch - best_epoch == 3 {
            stop = epoch;
            break;
        }
    }
    assert_eq!((best_epoch, stop), (4, 7));
    quiz.given("tolerance = 0.4\n");
    quiz.says("then 0.0845 is no longer a measurement", &[best]);
    quiz.says("The 0.0858 of epoch 9", &[losses[8], 9.0]);
}

fn five_losses(quiz: &mut Lesson) {
    quiz.given("[2.3, 1.17, 0.62, 0.42, 0.31, 0.25, 0.21, 0.18, 0.16, 0.145, 0.135, 0.13]");
    quiz.given("[2.3, 2.27, 2.24, 2.21, 2.18, 2.15, 2.12, 2.09, 2.06, 2.03, 2.0, 1.97]");
    quiz.says("[2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3]", &[10_f64.ln(); 12]);
    quiz.given("[2.3, 1.4, 2.6, 0.9, 1.9, 3.1, 1.2, 2.2, 0.8, 2.7, 1.6, 2.4]");
    quiz.given("[2.3, 1.17, 0.66, 0.48, 0.4, 0.37, 0.37, 0.39, 0.43, 0.48, 0.54, 0.61]");
}
