//! Starts what answers and what wakes functions: servers, queue sources, the event bus, schedules.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::serve::ListenerExt;
use ciero_apis::Apis;
use tokio::net::TcpListener;

use super::ports::Ports;
use super::{Local, Stop};
use crate::advance::Advancer;
use crate::gateway::Gateway;
use crate::sources::schedules::{Rule, Turnstile};
use crate::{clock_page, index_page, lambda_api, sources, tally_page, video};

/// How often items whose life has ended are deleted.
const EXPIRY_SWEEP: Duration = Duration::from_secs(600);

impl Local {
    /// Starts the servers, the queue sources, the event bus, the schedules and the sweep of expired items.
    pub(super) fn serve(&self, ports: Ports) -> Result<(), Stop> {
        let clock = self.apis.clock.clone();
        let rules = self
            .stack
            .schedules
            .iter()
            .map(Rule::new)
            .collect::<Result<Vec<Rule>, _>>();
        let rules = rules.context("a schedule cannot be read")?;
        let turnstile = Turnstile::default();
        let advancer = Arc::new(Advancer::new(
            self.apis.clone(),
            Arc::clone(&self.host),
            rules.clone(),
            self.stack
                .queue_sources
                .iter()
                .map(|source| source.queue.clone())
                .collect(),
            Arc::clone(&turnstile),
        ));
        let videos = video::on_service_time(self.video.router(), clock.clone());
        let aws = self
            .apis
            .front_door()
            .mount("lambda", lambda_api::router(Arc::clone(&self.host)))
            .mount_with("kinesisvideo", videos, video::scope);
        let now = clock.clone();
        let gateway = Gateway::new(
            &self.stack.routes,
            self.stack.throttle,
            Arc::clone(&self.host),
            Box::new(move || now.now()),
            ports.portal_port,
        );
        let portal = gateway
            .into_router()
            .merge(self.apis.portal_router())
            .merge(clock_page::router(advancer))
            .merge(tally_page::router(self.apis.tally.clone()))
            .merge(index_page::router(&self.aws_url));
        listen(ports.aws, aws.into_router());
        listen(ports.portal, portal);
        for source in &self.stack.queue_sources {
            sources::queues::start(source, &self.apis.queues, &self.host);
        }
        sources::bus::start(&self.stack.event_rules, &self.apis.mailbox, &self.host);
        for rule in rules {
            let host = Arc::clone(&self.host);
            tokio::spawn(sources::schedules::tick(
                rule,
                host,
                clock.clone(),
                Arc::clone(&turnstile),
            ));
        }
        tokio::spawn(sweep(self.apis.clone()));
        Ok(())
    }
}

fn listen(listener: TcpListener, router: Router) {
    // Without this, small answers such as the acknowledgements of video wait for the peer's delayed ones.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, service).await {
            eprintln!("a server has ended: {error}");
        }
    });
}

async fn sweep(apis: Apis) {
    loop {
        tokio::time::sleep(EXPIRY_SWEEP).await;
        if let Err(error) = apis.dynamodb.sweep_ttl().await {
            eprintln!("expired items could not be deleted: {error}");
        }
    }
}
