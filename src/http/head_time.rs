use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;
use tower_service::Service;

/// Whose turn it is on a connection; its stream and its service tell each other.
#[derive(Clone, Default)]
pub(super) struct Turn(Arc<AtomicU8>);

/// The client is to send the head of a request, or the rest of it.
const HEAD: u8 = 0;
/// A request is being answered.
const ANSWER: u8 = 1;
/// An answer was given and nothing has come since.
const IDLE: u8 = 2;

impl Turn {
    fn is(&self, turn: u8) -> bool {
        self.0.load(Ordering::Acquire) == turn
    }

    fn set(&self, turn: u8) {
        self.0.store(turn, Ordering::Release);
    }

    /// Whether these bytes are the first of a new request.
    fn begins_head(&self) -> bool {
        self.0
            .compare_exchange(IDLE, HEAD, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

/// A stream whose client has so long for the head of each request, counted from the head's first byte; for the first
/// request from the beginning of the connection. It holds its place among the connections until it is closed.
///
/// What the client sends while a request is answered is its body, and that has limits of its own.
pub(super) struct HeadTimed<I> {
    inner: I,
    time: Duration,
    turn: Turn,
    end: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
}

impl<I> HeadTimed<I> {
    pub(super) const fn new(inner: I, time: Duration, turn: Turn, place: OwnedSemaphorePermit) -> Self {
        Self {
            inner,
            time,
            turn,
            end: None,
            _place: place,
        }
    }

    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.turn.is(HEAD) {
            self.end = None;
            return false;
        }
        let time = self.time;
        let end = self.end.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        end.as_mut().poll(cx).is_ready()
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for HeadTimed<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        match read {
            Poll::Pending if self.is_late(cx) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Ready(Ok(())) if buf.filled().len() > before && self.turn.begins_head() => {
                self.end = None;
                read
            }
            read => read,
        }
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for HeadTimed<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// The service of one connection; says when it answers.
#[derive(Clone)]
pub(super) struct AnsweringService<S> {
    inner: S,
    turn: Turn,
}

impl<S> AnsweringService<S> {
    pub(super) const fn new(inner: S, turn: Turn) -> Self {
        Self { inner, turn }
    }
}

impl<S, R> Service<R> for AnsweringService<S>
where
    S: Service<R>,
    S::Future: Unpin,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.turn.set(ANSWER);
        Answering {
            answer: self.inner.call(request),
            turn: self.turn.clone(),
        }
    }
}

/// An answer that is being made.
pub(super) struct Answering<F> {
    answer: F,
    turn: Turn,
}

impl<F: Future + Unpin> Future for Answering<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let answer = Pin::new(&mut self.answer).poll(cx);
        if answer.is_ready() {
            self.turn.set(IDLE);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::io::AsyncWriteExt;
    use tokio::io::DuplexStream;
    use tokio::sync::Semaphore;
    use tokio::time::Instant;
    use tokio::time::sleep;

    use super::*;

    const TIME: Duration = Duration::from_secs(10);

    fn connection() -> (DuplexStream, HeadTimed<DuplexStream>, Turn) {
        let (client, server) = tokio::io::duplex(1024);
        let turn = Turn::default();
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        (client, HeadTimed::new(server, TIME, turn.clone(), place), turn)
    }

    /// Reads until nothing more is taken; how long that was.
    async fn cut_off(server: &mut HeadTimed<DuplexStream>) -> Duration {
        let begun = Instant::now();
        let mut rest = Vec::new();
        let error = server.read_to_end(&mut rest).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        begun.elapsed()
    }

    /// A client that sends a byte each second.
    fn trickle(mut client: DuplexStream) {
        tokio::spawn(async move {
            while client.write_all(b"x").await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_head_has_its_time_from_the_beginning_of_the_connection() {
        let (_silent, mut server, _) = connection();
        assert_eq!(cut_off(&mut server).await, TIME);
        let (slow, mut server, _) = connection();
        trickle(slow);
        assert_eq!(cut_off(&mut server).await, TIME);
    }

    #[tokio::test]
    async fn a_place_is_free_again_when_the_connection_is_closed() {
        let places = Arc::new(Semaphore::new(1));
        let (_client, server) = tokio::io::duplex(1);
        let place = Arc::clone(&places).try_acquire_owned().unwrap();
        let stream = HeadTimed::new(server, TIME, Turn::default(), place);
        assert_eq!(places.available_permits(), 0);
        drop(stream);
        assert_eq!(places.available_permits(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_stays_open_and_the_next_head_has_its_time_from_its_first_byte() {
        let (client, mut server, turn) = connection();
        turn.set(IDLE);
        let begun = Instant::now();
        tokio::spawn(async move {
            sleep(6 * TIME).await;
            trickle(client);
        });
        cut_off(&mut server).await;
        assert_eq!(begun.elapsed(), 7 * TIME);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_not_a_head() {
        let (mut client, mut server, turn) = connection();
        client.write_all(b"head").await.unwrap();
        let mut head = [0; 4];
        server.read_exact(&mut head).await.unwrap();
        let mut service = AnsweringService::new(Reads(Some(server)), turn.clone());
        tokio::spawn(async move {
            sleep(3 * TIME).await;
            client.write_all(b"body").await.unwrap();
        });
        assert_eq!(service.call(()).await.unwrap(), *b"body");
        assert!(turn.is(IDLE));
    }

    /// Answers with the four bytes of its body.
    struct Reads(Option<HeadTimed<DuplexStream>>);

    impl Service<()> for Reads {
        type Response = [u8; 4];
        type Error = io::Error;
        type Future = Pin<Box<dyn Future<Output = io::Result<[u8; 4]>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            let mut server = self.0.take().unwrap();
            Box::pin(async move {
                let mut body = [0; 4];
                server.read_exact(&mut body).await?;
                Ok(body)
            })
        }
    }
}
