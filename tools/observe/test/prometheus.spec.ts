import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { observePrograms } from '@causeway/launcher/observe-programs';
import { output, run } from '@causeway/launcher/run';
import { describeWhen } from '@causeway/testkit/describe-when';
import { stringify } from 'yaml';
import { observeFiles } from '../src/files.js';
import { alertNames, ruleGroups } from '../src/rules.js';
import { runbookAnnotation } from '../src/runbooks.js';
import { alertCases, type AlertCase } from '../src/testing/alert-cases.js';

const programs = await observePrograms().catch(() => undefined);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-observe-'));
  for (const { file, text } of observeFiles())
    if (/^docker\/observe\/\w+\.yaml$/.test(file)) writeFileSync(join(folder, basename(file)), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('every alert is raised by a case', () => {
  const raised = new Set(['Heartbeat', ...alertCases.flatMap(({ fires }) => fires.map(({ alert }) => alert))]);
  expect(alertNames.filter((name) => !raised.has(name))).toEqual([]);
});

describeWhen(programs !== undefined, {
  missing: 'Prometheus and Alertmanager are not here and cannot be fetched',
  remedy: 'put promtool and amtool on the PATH',
})('Prometheus itself', () => {
  const { promtool, amtool } = programs!;
  const route = async (...labels: string[]): Promise<string> =>
    output([amtool, 'config', 'routes', 'test', `--config.file=${join(folder, 'alertmanager.yaml')}`, ...labels]);

  test.each(['prometheus.yaml', 'laptop.yaml'])('takes %s with its rules', async (file) => {
    expect(await output([promtool, 'check', 'config', join(folder, file)])).toContain('SUCCESS');
  });

  test('takes the rules, and reports one that is wrong', async () => {
    expect(await output([promtool, 'check', 'rules', join(folder, 'rules.yaml')])).toContain('SUCCESS');
    writeFileSync(
      join(folder, 'wrong.yaml'),
      stringify({ groups: [{ name: 'a', rules: [{ alert: 'A', expr: 'sum(' }] }] }),
    );
    expect(await run([promtool, 'check', 'rules', join(folder, 'wrong.yaml')])).toMatchObject({ code: 1 });
  });

  test('raises exactly the alerts of each case', async () => {
    const file = join(folder, 'cases.yaml');
    writeFileSync(file, stringify(promtoolTests(alertCases), { aliasDuplicateObjects: false }));
    expect(await output([promtool, 'test', 'rules', file])).toContain('SUCCESS');
  });

  test('a case that expects another alert fails', async () => {
    const file = join(folder, 'wrong-case.yaml');
    const [well] = alertCases;
    const wrong = {
      ...well!,
      fires: [{ alert: 'ServiceDown', labels: { severity: 'page', job: 'order' }, summary: '' }],
    };
    writeFileSync(file, stringify(promtoolTests([wrong])));
    const { code, stdout, stderr } = await run([promtool, 'test', 'rules', file]);
    expect([code, stdout + stderr]).toEqual([1, expect.stringContaining('alertname: ServiceDown')]);
  });

  test('Alertmanager takes the routes', async () => {
    expect(await output([amtool, 'check-config', join(folder, 'alertmanager.yaml')])).toContain('SUCCESS');
  });

  test('pages, tickets and the heartbeat go to their receivers', async () => {
    expect(await route('alertname=ServiceDown', 'severity=page')).toBe('pager');
    expect(await route('alertname=DeadLetters', 'severity=ticket')).toBe('tickets');
    expect(await route('alertname=Heartbeat', 'severity=none')).toBe('heartbeat');
    // Somebody else's, or one without a severity: better a ticket than nothing.
    expect(await route('alertname=Unknown')).toBe('tickets');
  });

  test('every severity that an alert has goes where its name says', async () => {
    const receivers: Record<string, string> = { page: 'pager', ticket: 'tickets', none: 'heartbeat' };
    for (const rule of ruleGroups.flatMap(({ rules }) => rules.filter((each) => 'alert' in each))) {
      const severity = rule.labels['severity'] ?? '';
      expect(await route(`alertname=${rule.alert}`, `severity=${severity}`)).toBe(receivers[severity]);
    }
  });
});

/** A case that lists no alert of a name expects none of it. */
function promtoolTests(cases: readonly AlertCase[]): object {
  return {
    rule_files: ['rules.yaml'],
    evaluation_interval: '1m',
    tests: cases.map(({ title, series, at, fires }) => ({
      name: title,
      interval: '1m',
      input_series: series.map(([name, values]) => ({ series: name, values })),
      alert_rule_test: alertNames
        .filter((alert) => alert !== 'Heartbeat')
        .map((alert) => ({
          eval_time: at,
          alertname: alert,
          exp_alerts: fires
            .filter((each) => each.alert === alert)
            .map(({ labels, summary, description }) => ({
              exp_labels: labels,
              exp_annotations: { summary, ...(description && { description }), ...runbookAnnotation(alert) },
            })),
        })),
    })),
  };
}
