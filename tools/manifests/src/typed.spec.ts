import { ofKind, type DaemonSet, type Deployment, type Rendered } from './objects.js';
import { containersAreRestricted } from './policies/containers.js';
import { imagesArePinned } from './policies/images.js';
import { overlays, parseManifests, render } from './render.js';
import { withKubectl } from './testing/with-kubectl.js';
import { typeProblems } from './typed.js';

withKubectl('what the overlays render', () => {
  test.each(overlays)(
    '%s is known to Kubernetes in every field',
    (overlay) => {
      const rendered = render(overlay);
      expect(rendered.manifests.length).toBeGreaterThan(30);
      expect(typeProblems(rendered)).toEqual([]);
    },
    60_000,
  );
  test('and so is metrics-server, whose kubelets are checked everywhere but on kind', () => {
    const [anywhere, kind] = [render('../addons/metrics-server'), render('kind/metrics-server')];
    expect(typeProblems(kind)).toEqual([]);
    const args = (rendered: Rendered) =>
      ofKind<Deployment>(rendered, 'Deployment')[0]!.body.spec!.template.spec!.containers[0]!.args;
    expect(args(kind)).toEqual([...args(anywhere)!, '--kubelet-insecure-tls']);
    // What policies/budget.ts counts for it on the laptop's node.
    expect(ofKind<Deployment>(kind, 'Deployment')[0]!.body.spec!.template.spec!.containers[0]!.resources).toEqual({
      requests: { cpu: '100m', memory: '200Mi' },
      limits: { memory: '200Mi' },
    });
    const findings = [containersAreRestricted, imagesArePinned].flatMap((policy) =>
      policy.check({ ...kind, overlay: 'production' }),
    );
    // It asks the API server who asks.
    expect(findings.map(({ problem }) => problem)).toEqual(['pods get a token for the Kubernetes API']);
  });
  test('and so is Fluent Bit, which may read files of its node and nothing else', () => {
    const rendered = render('../components/logging-elk/fluent-bit');
    expect(typeProblems(rendered)).toEqual([]);
    const [spec] = ofKind<DaemonSet>(rendered, 'DaemonSet').map(({ body }) => body.spec?.template.spec);
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      volumes: [{ configMap: {} }, { hostPath: { path: '/var/log' } }, { hostPath: {} }],
      containers: [{ volumeMounts: [{ readOnly: true }, { name: 'logs', readOnly: true }, {}] }],
    });
  });
});

describe('a document that Kubernetes would not understand', () => {
  const check = (yaml: string) => typeProblems({ overlay: 'planted', manifests: parseManifests(yaml) });
  const deployment = (container: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: order }
spec:
  selector: {}
  template:
    spec:
      containers:
        - name: service
          ${container}`;

  test('has a field that does not exist', () => {
    expect(check(deployment('imagePullPolice: Always'))).toEqual([
      {
        file: 'k8s',
        overlay: 'planted',
        object: 'Deployment order',
        path: 'spec.template.spec.containers[0].imagePullPolice',
        message: expect.stringContaining("'imagePullPolice' does not exist"),
      },
    ]);
  });
  test('has a value of the wrong type', () => {
    const [problem] = check(deployment('ports: [{ containerPort: http }]'));
    expect(problem).toMatchObject({
      path: 'spec.template.spec.containers[0].ports[0].containerPort',
      message: "Type 'string' is not assignable to type 'number'.",
    });
  });
  test('lacks what must be there', () => {
    const [problem] = check(
      '{ apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: { name: order }, spec: {} }',
    );
    expect(problem).toMatchObject({ object: 'HorizontalPodAutoscaler order', path: 'spec' });
  });
  test('is of a kind that does not exist, or no longer', () => {
    const gone = '{ apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: { name: order } }';
    expect(check(gone)).toHaveLength(1);
  });
  test('of the Gateway API', () => {
    const route =
      '{ apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: { name: shop }, spec: { host: [shop] } }';
    expect(check(route)).toMatchObject([{ path: 'spec.host' }]);
  });
});
