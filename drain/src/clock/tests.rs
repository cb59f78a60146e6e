//! D11, D12: ticks to time: steps, suspends and skew by a machine that can be meddled with.

use super::*;

/// A machine with a tick counter and a wall clock, both of which can be meddled with.
struct Machine {
    ticks: u64,
    /// Ticks a second.
    hertz: u64,
    /// Billionths of the next tick.
    part: u32,
    realtime_ns: i64,
    /// What readings are off, one after the other.
    noise_ns: Vec<i64>,
}

impl Machine {
    fn new(hertz: u64) -> Self {
        Self {
            ticks: 5_000_000_000,
            hertz,
            part: 0,
            realtime_ns: 1_795_299_243_000_000_000,
            noise_ns: vec![],
        }
    }

    fn pass(&mut self, ns: i64) {
        let parts = ns as u128 * u128::from(self.hertz) + u128::from(self.part);
        self.ticks += (parts / 1_000_000_000) as u64;
        self.part = (parts % 1_000_000_000) as u32;
        self.realtime_ns += ns;
    }

    fn created(&self) -> (u64, i64) {
        (self.ticks, self.realtime_ns)
    }
}

impl Source for Machine {
    fn now(&mut self) -> (u64, i64) {
        self.pass(500);
        (self.ticks, self.realtime_ns + self.noise_ns.pop().unwrap_or(0))
    }
}

fn started(machine: &mut Machine) -> Clock {
    let created = machine.created();
    machine.pass(SECOND_NS);
    let (clock, step) = Clock::start(created, machine);
    assert_eq!(step, None);
    clock
}

fn off_ns(clock: &Clock, machine: &Machine) -> i64 {
    machine.realtime_ns - clock.convert(machine.ticks)
}

#[test]
fn a_realtime_clock_converts_to_itself() {
    let mut clock = Clock::realtime();
    for ns in [0, 1, 1_795_299_243_123_456_789, i64::MAX as u64] {
        assert_eq!(clock.convert(ns), ns as i64);
    }
    assert!(!clock.is_due(u64::MAX));
    assert_eq!(clock.anchor(0, &mut Machine::new(1_000)), None);
    let (at, ns, rate) = clock.line();
    assert_eq!(
        Clock::from_line(at, ns, rate).convert(1_795_299_243_123_456_789),
        1_795_299_243_123_456_789
    );
}

#[test]
fn a_fresh_and_an_old_segment_start_near_the_truth() {
    for age_ns in [0, 1_000, 3_600 * SECOND_NS] {
        for hertz in [24_000_000, 1_000_000_000, 3_693_174_000] {
            let mut machine = Machine::new(hertz);
            let created = machine.created();
            machine.pass(age_ns);
            let (clock, step) = Clock::start(created, &mut machine);
            assert_eq!(step, None);
            assert!(off_ns(&clock, &machine).abs() < 1_000);
            assert!((clock.convert(created.0) - created.1).abs() < 10_000, "{age_ns} {hertz}");
        }
    }
}

#[test]
fn a_step_between_creation_and_start_is_told() {
    for step_ns in [-3_600 * SECOND_NS, 3_600 * SECOND_NS, 20_000_000] {
        let mut machine = Machine::new(3_000_000_000);
        let created = machine.created();
        machine.pass(SECOND_NS);
        machine.realtime_ns += step_ns;
        let (clock, step) = Clock::start(created, &mut machine);
        let by_ns = step.unwrap().by_ns;
        assert!((by_ns - step_ns).abs() < 100_000, "{by_ns}");
        assert!(off_ns(&clock, &machine).abs() < 1_000);
        machine.pass(SECOND_NS);
        assert!(off_ns(&clock, &machine).abs() < 10_000);
    }
}

#[test]
fn ticks_that_restarted_since_creation_do_not_spoil_the_rate() {
    let mut machine = Machine::new(3_000_000_000);
    let created = (machine.ticks + 1_000_000_000_000, machine.realtime_ns);
    machine.pass(10 * SECOND_NS);
    let (clock, _) = Clock::start(created, &mut machine);
    assert!(off_ns(&clock, &machine).abs() < 1_000);
    machine.pass(SECOND_NS);
    assert!(off_ns(&clock, &machine).abs() < 10_000);
}

#[test]
fn small_errors_are_worked_off_without_a_jump() {
    let mut machine = Machine::new(3_000_000_000);
    let mut clock = started(&mut machine);
    for slew_ns in [5_000_000, -5_000_000, 9_000_000, -20, 0] {
        machine.realtime_ns += slew_ns;
        // The last record came some time before the anchor.
        let last = machine.ticks;
        machine.pass(200_000_000);
        let before = clock.clone();
        assert_eq!(clock.anchor(last, &mut machine), None);
        assert_eq!(clock.convert(last), before.convert(last), "continuous at the join");
        let mut latest = clock.convert(last);
        for _ in 0..1_000 {
            machine.pass(1_000_000);
            let ns = clock.convert(machine.ticks);
            assert!(ns > latest, "monotone");
            latest = ns;
        }
        assert!(off_ns(&clock, &machine).abs() < 1_000, "{}", off_ns(&clock, &machine));
    }
}

#[test]
fn noisy_readings_and_a_drifting_rate_stay_near_the_truth() {
    let mut machine = Machine::new(2_400_000_000);
    let mut clock = started(&mut machine);
    let mut latest = i64::MIN;
    for second in 0..500i64 {
        machine.hertz += 40; // 17 parts in 10^9 each second
        machine.noise_ns = vec![(second * 7919) % 200 - 100];
        assert_eq!(clock.anchor(machine.ticks, &mut machine), None);
        for _ in 0..10 {
            machine.pass(SECOND_NS / 10);
            let ns = clock.convert(machine.ticks);
            assert!(ns > latest);
            latest = ns;
        }
        assert!(clock.is_due(machine.ticks + 1_000));
        assert!(off_ns(&clock, &machine).abs() < 2_000, "{second}: {}", off_ns(&clock, &machine));
    }
}

#[test]
fn a_wall_clock_that_steps_makes_the_line_jump_once() {
    let mut machine = Machine::new(3_000_000_000);
    let mut clock = started(&mut machine);
    for step_ns in [11_000_000, -3_600 * SECOND_NS, 86_400 * SECOND_NS] {
        for _ in 0..3 {
            machine.pass(SECOND_NS);
            assert_eq!(clock.anchor(machine.ticks, &mut machine), None);
        }
        machine.pass(SECOND_NS);
        machine.realtime_ns += step_ns;
        let by_ns = clock.anchor(machine.ticks, &mut machine).unwrap().by_ns;
        assert!((by_ns - step_ns).abs() < 10_000, "{by_ns}");
        assert!(off_ns(&clock, &machine).abs() < 10_000);
    }
}

#[test]
fn a_counter_that_restarts_or_runs_at_another_rate_is_followed() {
    let mut machine = Machine::new(3_000_000_000);
    let mut clock = started(&mut machine);
    machine.pass(SECOND_NS);
    machine.ticks = 1_000;
    assert!(clock.is_due(machine.ticks));
    assert!(clock.anchor(0, &mut machine).is_some());
    assert!(off_ns(&clock, &machine).abs() < 10_000);
    machine.pass(SECOND_NS);
    assert_eq!(clock.anchor(machine.ticks, &mut machine), None);

    // Moved to a machine of another frequency: found at the second anchor.
    machine.hertz = 2_000_000_000;
    let mut steps = 0;
    for _ in 0..6 {
        machine.pass(SECOND_NS);
        steps += u32::from(clock.anchor(machine.ticks, &mut machine).is_some());
    }
    assert_eq!(steps, 2);
    machine.pass(SECOND_NS);
    assert!(off_ns(&clock, &machine).abs() < 100_000, "{}", off_ns(&clock, &machine));
}

#[test]
fn a_line_handed_over_converts_alike_and_is_anchored_again() {
    let mut machine = Machine::new(3_000_000_000);
    let clock = started(&mut machine);
    let (at, ns, rate) = clock.line();
    let mut again = Clock::from_line(at, ns, rate);
    let last = machine.ticks;
    for ticks in [0, at - 1, at, last, last + 12_345_678, u64::MAX] {
        assert_eq!(again.convert(ticks), clock.convert(ticks));
    }
    machine.pass(30 * SECOND_NS);
    assert!(again.is_due(machine.ticks));
    assert_eq!(again.anchor(last, &mut machine), None);
    assert_eq!(again.convert(last), clock.convert(last));
    assert!(!again.is_due(machine.ticks));

    // A line that was working off an error says little about the rate.
    let mut slewed = Clock::from_line(machine.ticks, machine.realtime_ns, rate + rate / 101);
    for _ in 0..4 {
        assert_eq!(slewed.anchor(machine.ticks, &mut machine), None);
        machine.pass(SECOND_NS);
    }
    assert!(off_ns(&slewed, &machine).abs() < 1_000, "{}", off_ns(&slewed, &machine));
}

#[test]
fn hostile_clock_values_convert_in_order() {
    for rate in [1, ONE / 3, ONE, u64::MAX] {
        for at in [0, 1 << 63, u64::MAX] {
            let clock = Clock::from_line(at, 1_795_299_243_000_000_000, rate);
            let ticks = [0, 1, 1 << 62, 1 << 63, u64::MAX - 1, u64::MAX];
            assert!(ticks.map(|ticks| clock.convert(ticks)).is_sorted());
        }
    }
}

#[test]
fn the_tightest_bracket_is_taken() {
    let mut readings = vec![0u64, 900, 1_000, 1_900, 2_000, 2_010, 3_000, 3_900].into_iter();
    let mut later = 10_000;
    let mut source = Bracketed::new(|| {
        readings.next().unwrap_or_else(|| {
            later += 100;
            later
        })
    });
    assert_eq!(source.now().0, 2_005);
}
