/** Event streams that the gateway of the attacked system allows in all: fewer than four customers can open. */
export const mostStreams = { ORDER_EVENTS_MAX_STREAMS_IN_ALL: '30' } as const;
