//! The processor's clock in nanoseconds, and waiting by it.

use logring::sys;

/// The processor's clock in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Ticks {
    ns_per_tick: f64,
}

impl Ticks {
    /// Compares it with the system's clock for 20 ms.
    #[must_use]
    pub fn measure() -> Self {
        let begin = (sys::now_ticks_fenced(), sys::monotonic_ns());
        std::thread::sleep(std::time::Duration::from_millis(20));
        let end = (sys::now_ticks_fenced(), sys::monotonic_ns());
        Self { ns_per_tick: (end.1 - begin.1) as f64 / (end.0 - begin.0) as f64 }
    }

    /// Nanoseconds of so many ticks.
    #[must_use]
    pub fn to_ns(&self, ticks: u64) -> f64 {
        ticks as f64 * self.ns_per_tick
    }

    /// Waits without giving up the core.
    pub fn spin(&self, ns: u64) {
        let ticks = (ns as f64 / self.ns_per_tick) as u64;
        let begin = sys::now_ticks();
        while sys::now_ticks() - begin < ticks {
            std::hint::spin_loop();
        }
    }

    /// Nanoseconds that `call` takes, by fenced readings; their own cost is in it.
    #[inline(always)]
    pub fn of(&self, call: impl FnOnce()) -> f64 {
        let begin = sys::now_ticks_fenced();
        call();
        self.to_ns(sys::now_ticks_fenced() - begin)
    }
}
