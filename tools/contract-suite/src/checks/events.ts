import type { RecordedContract } from '@causeway/contracts/record';
import { expectEqual, expectThat } from '../broken.js';
import type { Check } from '../check.js';
import { violations } from '../schema.js';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const traceparentForm = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * What a service publishes. It comes last: it looks at everything that the earlier checks have made the service
 * publish, and brings about what is missing.
 */
export const publishedCheck = (subject: string, { schemas, kind }: RecordedContract): Check => ({
  id: `${subject}/published`,
  about: `every ${kind} is a CloudEvent that matches the schema, and carries an id for deduplication and its trace`,
  run: async (world) => {
    const { broker, target, requests } = world;
    const cause = target.fixture.events?.[subject];
    const all = () => broker.published().filter((message) => message.subject === subject);
    if (all().length === 0 && cause) {
      await cause(requests.surroundings);
      await requests.surroundings.published(subject);
    }
    expectThat(
      all().length > 0,
      () =>
        `nothing so far has made the service publish ${subject}; say in the fixture, events['${subject}'], what does`,
    );
    const ids = new Set<string>();
    for (const { headers, envelope, payload } of all()) {
      const shown = `${subject} ${payload.toString().slice(0, 300)}`;
      expectThat(envelope !== undefined, () => `${shown}: no JSON`);
      const { id = '', data, time = '', source = '', subject: aggregate = '', ...attributes } = envelope;
      expectEqual(
        {
          specversion: attributes.specversion,
          type: attributes.type,
          datacontenttype: attributes.datacontenttype,
          dataschema: attributes.dataschema,
        },
        {
          specversion: '1.0',
          type: subject,
          datacontenttype: 'application/json',
          dataschema: `urn:causeway:schema:${subject}`,
        },
        `attributes of ${shown}\n   `,
      );
      expectThat(uuid.test(id), () => `id of ${shown}: expected a UUID`);
      expectEqual(source, `/causeway/${target.record.service}`, `source of ${shown}\n   `);
      expectThat(aggregate !== '', () => `subject of ${shown}: missing`);
      expectThat(
        /Z|[+-]\d\d:\d\d$/.test(time) && !Number.isNaN(Date.parse(time)),
        () => `time of ${shown}: no timestamp`,
      );
      expectEqual(headers['Nats-Msg-Id'], id, `header Nats-Msg-Id of ${shown}\n   `);
      expectThat(
        traceparentForm.test(headers['traceparent'] ?? ''),
        () => `header traceparent of ${shown}: expected a W3C trace context, got ${headers['traceparent'] ?? 'none'}`,
      );
      expectThat(!ids.has(id), () => `${shown} was published twice`);
      ids.add(id);
      const wrong = violations(schemas['message']!, data);
      expectThat(wrong.length === 0, () => `data of ${shown} does not match the schema: ${wrong.join('; ')}`);
    }
  },
});
