//! The context of futures: put in force at each poll and taken out after it, on whatever thread, by
//! whatever executor.

use std::pin::Pin;
use std::task;

use super::frame::Frame;
use super::handover::{self, Context};
use super::pairs::Pairs;

/// Gives a future a context that goes with it over `.await`, to other threads, and into what it awaits.
///
/// ```
/// use logring::context::{self, Context, WithContext};
/// use logring::kv;
///
/// # fn block_on<F: Future>(future: F) -> F::Output {
/// #     let mut future = std::pin::pin!(future);
/// #     let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
/// #     loop {
/// #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut cx) {
/// #             return output;
/// #         }
/// #     }
/// # }
/// async fn serve() {
///     context::bind(kv! { user = "ann" }); // stays with the task
///     std::future::ready(()).await;
///     assert_eq!(context::get().to_string(), "request=7 user=ann");
/// }
///
/// block_on(serve().with_context(kv! { request = 7 }));
/// assert!(context::get().is_empty());
/// ```
pub trait WithContext: Future + Sized {
    /// The future with these pairs in its records, over those of the task and of the scopes in which
    /// this is called. What belongs to a thread alone is that of the thread that polls it.
    ///
    /// To be called where the future is made: `spawn(serve().with_context(kv! { request }))`.
    fn with_context(self, pairs: Pairs) -> InContext<Self> {
        self.in_scope(Context::of_task().with(pairs))
    }

    /// The future with this context, whatever is in force where it is made or polled.
    /// [`Context::current`] hands all on that is bound here, what the thread has bound too.
    fn in_scope(self, context: Context) -> InContext<Self> {
        InContext { future: Some(self), frame: context.into_frame() }
    }
}

impl<F: Future> WithContext for F {}

pin_project_lite::pin_project! {
    /// A future with a context, see [`WithContext`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited or polled"]
    pub struct InContext<F> {
        // `None` once it is being dropped.
        #[pin]
        future: Option<F>,
        frame: Frame,
    }

    // What a cancelled future logs while it is dropped has its context too.
    impl<F> PinnedDrop for InContext<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _inside = Inside::enter(this.frame);
            this.future.set(None);
        }
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<F::Output> {
        let this = self.project();
        let _inside = Inside::enter(this.frame);
        match this.future.as_pin_mut() {
            Some(future) => future.poll(cx),
            None => unreachable!("the future goes when this does"),
        }
    }
}

/// While it lives the frame is in force; then it is where it was, with what was bound meanwhile.
struct Inside<'f> {
    frame: &'f mut Frame,
    entered: Option<u64>,
}

impl<'f> Inside<'f> {
    fn enter(frame: &'f mut Frame) -> Self {
        let entered = handover::enter(std::mem::take(frame));
        Self { frame, entered }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if let Some(frame) = self.entered.and_then(handover::leave) {
            *self.frame = frame;
        }
    }
}
