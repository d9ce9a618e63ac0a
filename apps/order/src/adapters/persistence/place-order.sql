-- Everything that placing an order changes, in one round trip: 6,545 orders/s, against 3,160 with eight statements and 732 in an
-- interactive Prisma transaction (two cores, 16 clients; docs/decisions/0005). Called by PgOrders.place in pg-orders.ts.
-- What it decides about the items is also a pure function, priceOrder in src/domain/price-order.ts; one suite compares the two.
--
-- The migration runner applies this file again whenever it changes (docs/decisions/0024). During a rollout, instances of the
-- release before and of this one call the same text. So a change only adds optional fields to the request and fields to the
-- result; anything else becomes place_order_v2 in a file beside this one, and a later release drops this function.
--
-- request: orderId, paymentId, customerId, items [{productId, quantity}], addressSealed, cardTokenSealed, redriveMs,
--   paymentLimitMs, idempotency {subject, route, key, fingerprint}, and two message envelopes, placedMessage and
--   authorizeMessage, whose data lacks only what is decided here: lines, total, currency, time.
-- Returns {outcome, ...}. A refusal is a result and not an exception: it changes nothing and is not stored under the key, and an
--   exception would cost a rolled-back transaction and a line in the server's log.
--
-- The stored response holds no personal data: the caller adds the address, which the order keeps encrypted.
-- VOLATILE matters: each statement sees what was committed before it began, also while the function runs.
CREATE OR REPLACE FUNCTION place_order(request jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    idem         jsonb       := request -> 'idempotency';
    new_id       uuid        := (request ->> 'orderId')::uuid;
    new_payment  uuid        := (request ->> 'paymentId')::uuid;
    new_customer uuid        := (request ->> 'customerId')::uuid;
    placed       timestamptz := date_trunc('milliseconds', clock_timestamp());
    placed_text  text        := to_char(placed AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
    stored       record;
    found_lines  jsonb;
    total        numeric;
    currencies   jsonb;
    unknown      jsonb;
    shortages    jsonb;
    in_currency  text;
    reserved     integer;
    response     jsonb;
BEGIN
    SELECT * INTO stored
        FROM causeway.begin_idempotent(idem ->> 'subject', idem ->> 'route', idem ->> 'key', idem ->> 'fingerprint');
    IF stored.outcome = 'replay' THEN
        RETURN jsonb_build_object('outcome', 'replayed', 'order', stored.body,
            'addressSealed', (SELECT address_sealed FROM orders WHERE id = (stored.body ->> 'id')::uuid));
    ELSIF stored.outcome <> 'new' THEN
        RETURN jsonb_build_object('outcome', 'idempotency_' || stored.outcome);
    END IF;

    -- Products are locked in the order of their ids, so that two orders for the same products cannot deadlock; the second one
    -- then sees the stock that the first one left. NO KEY: the ids do not change.
    WITH item AS (
        SELECT (i.value ->> 'productId')::uuid AS product_id, (i.value ->> 'quantity')::integer AS quantity, i.ordinality - 1 AS at
            FROM jsonb_array_elements(request -> 'items') WITH ORDINALITY i
    ), locked AS MATERIALIZED (
        SELECT id, name, price_minor, currency, available FROM products
            WHERE id IN (SELECT product_id FROM item) ORDER BY id FOR NO KEY UPDATE
    )
    SELECT jsonb_agg(jsonb_build_object('productId', item.product_id, 'name', locked.name, 'quantity', item.quantity,
                                        'unitPriceMinor', locked.price_minor) ORDER BY at),
           -- numeric, because a product of bigints could overflow before the check below.
           sum(item.quantity::numeric * locked.price_minor),
           jsonb_agg(DISTINCT locked.currency) FILTER (WHERE locked.id IS NOT NULL),
           jsonb_agg(at ORDER BY at) FILTER (WHERE locked.id IS NULL),
           jsonb_agg(jsonb_build_object('at', at, 'available', locked.available) ORDER BY at)
               FILTER (WHERE locked.available < item.quantity)
        INTO found_lines, total, currencies, unknown, shortages
        FROM item LEFT JOIN locked ON locked.id = item.product_id;

    IF unknown IS NOT NULL THEN
        RETURN jsonb_build_object('outcome', 'products_unknown', 'positions', unknown);
    ELSIF jsonb_array_length(currencies) > 1 THEN
        RETURN jsonb_build_object('outcome', 'currency_mixed', 'currencies', currencies);
    ELSIF total > 1000000000000 THEN
        -- maxTotalMinor in src/domain/price-order.ts, the largest amount that the contracts allow.
        RETURN jsonb_build_object('outcome', 'total_too_large');
    ELSIF shortages IS NOT NULL THEN
        RETURN jsonb_build_object('outcome', 'out_of_stock', 'shortages', shortages);
    END IF;
    in_currency := currencies ->> 0;

    UPDATE products SET available = available - line.quantity, version = version + 1
        FROM jsonb_to_recordset(found_lines) AS line("productId" uuid, quantity integer)
        WHERE products.id = line."productId" AND products.available >= line.quantity;
    GET DIAGNOSTICS reserved = ROW_COUNT;
    IF reserved <> jsonb_array_length(found_lines) THEN
        RAISE EXCEPTION 'reserved % of % lines; does a product appear twice?', reserved, jsonb_array_length(found_lines);
    END IF;

    INSERT INTO orders (id, customer_id, payment_id, status, step, stock_held, currency, total_minor,
                        address_sealed, card_token_sealed, placed_at, updated_at)
        VALUES (new_id, new_customer, new_payment, 'PENDING_PAYMENT', 'authorize', true, in_currency, total::bigint,
                request ->> 'addressSealed', request ->> 'cardTokenSealed', placed, placed);
    INSERT INTO order_lines (order_id, position, product_id, name, quantity, unit_price_minor)
        SELECT new_id, line.ordinality - 1, (line.value ->> 'productId')::uuid, line.value ->> 'name',
               (line.value ->> 'quantity')::integer, (line.value ->> 'unitPriceMinor')::bigint
            FROM jsonb_array_elements(found_lines) WITH ORDINALITY line;
    -- The trace is that of the message, so that instances of the release before record theirs, too.
    INSERT INTO order_events (order_id, version, status, step, event, occurred_at, cause, cause_name, cause_id, trace_id)
        VALUES (new_id, 1, 'PENDING_PAYMENT', 'authorize', request #>> '{placedMessage,type}', placed,
                'request', idem ->> 'route', idem ->> 'key', split_part(request #>> '{placedMessage,traceparent}', '-', 2));
    INSERT INTO saga_timers (order_id, due_at, give_up_at)
        VALUES (new_id, placed + (request ->> 'redriveMs')::integer * interval '1 millisecond',
                placed + (request ->> 'paymentLimitMs')::integer * interval '1 millisecond');

    PERFORM causeway.add_outbox(jsonb_set(request -> 'placedMessage', '{data}', (request #> '{placedMessage,data}') || jsonb_build_object(
        'version', 1, 'occurredAt', placed_text, 'totalMinor', total::bigint, 'currency', in_currency,
        'lines', (SELECT jsonb_agg(line - 'name') FROM jsonb_array_elements(found_lines) line))));
    PERFORM causeway.add_outbox(jsonb_set(request -> 'authorizeMessage', '{data}',
        (request #> '{authorizeMessage,data}') || jsonb_build_object('amountMinor', total::bigint, 'currency', in_currency)));

    response := jsonb_build_object(
        'id', new_id, 'status', 'PENDING_PAYMENT', 'currency', in_currency, 'totalMinor', total::bigint, 'lines', found_lines,
        'paymentId', new_payment, 'reason', NULL, 'version', 1, 'placedAt', placed_text, 'updatedAt', placed_text);
    PERFORM causeway.complete_idempotent(
        idem ->> 'subject', idem ->> 'route', idem ->> 'key', idem ->> 'fingerprint', 202, '{}', response);
    RETURN jsonb_build_object('outcome', 'placed', 'order', response);
END $$;
