import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger, type INestApplicationContext, type Type } from '@nestjs/common';
import request from 'supertest';
import { QueueService } from '../../../src/index.js';
import { databases, withEnvironment } from '../support/environment.js';
import { composeProblems, kubernetesProblems, manifestsOf } from '../support/manifests.js';
import { codeOf, tableUnder } from '../support/markdown.js';
import { withRecipe } from '../support/recipe.js';
import { compileBlocks, type CompiledBlocks } from '../support/run-blocks.js';

interface Compose {
  services: {
    redis: { command: string[] };
    app: { stop_grace_period: string; environment: Record<string, string>; healthcheck: { test: string[] } };
  };
}
interface Container {
  env: { name: string; value?: string }[];
  startupProbe: Probe;
  livenessProbe: Probe;
  readinessProbe: Probe;
}
interface Probe {
  httpGet: { path: string };
  timeoutSeconds?: number;
}
interface Deployment {
  metadata: { name: string };
  spec: {
    selector: { matchLabels: object };
    template: {
      metadata: { labels: object };
      spec: { terminationGracePeriodSeconds: number; containers: [Container] };
    };
  };
}
interface Autoscaler {
  spec: {
    scaleTargetRef: object;
    metrics: [{ external: { metric: { name: string }; target: { averageValue: string } } }];
  };
}

const variables = tableUnder('docs/reference/options.md', 'Options').map(([, , , variable]) =>
  codeOf(variable!),
);
const kubernetes = 'docs/recipes/kubernetes.md';
const [deployment, autoscaler, rules] = manifestsOf(kubernetes);
const [compose] = manifestsOf('docs/recipes/docker-compose.md');
const { services } = compose!.content as unknown as Compose;
const { metadata, spec: workload } = deployment!.content as unknown as Deployment;
const pod = workload.template.spec;
const [container] = pod.containers;
const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));

let blocks: CompiledBlocks;
let pm2: CompiledBlocks;

beforeAll(() => {
  Logger.overrideLogger(false);
  blocks = compileBlocks(kubernetes);
  pm2 = compileBlocks('docs/recipes/pm2.md');
});

afterAll(() => {
  blocks.remove();
  pm2.remove();
});

describe('the Compose file', () => {
  it('is one by the schema of the specification', () => {
    expect(composeProblems(compose!.content)).toEqual([]);
  });

  it('gives the application time to stop, and variables that there are', () => {
    const { environment, stop_grace_period: grace } = services.app;
    expect(variables).toEqual(expect.arrayContaining(Object.keys(environment)));
    const seconds = /^(\d+)s$/.exec(grace)?.[1];
    expect(Number(seconds) * 1_000).toBeGreaterThanOrEqual(Number(environment.SHUTDOWN_TIMEOUT) + 5_000);
    expect(services.redis.command.join(' ')).toContain('--maxmemory-policy noeviction');
    expect(services.app.healthcheck.test.join(' ')).toContain(
      `:3000${container.livenessProbe.httpGet.path}'`,
    );
  });
});

describe('the manifests of Kubernetes', () => {
  it('are such by the schemas and the types of Kubernetes', () => {
    expect(kubernetesProblems([deployment!, autoscaler!])).toEqual([]);
  }, 60_000);

  it('fit together and to the library', () => {
    expect(workload.template.metadata.labels).toEqual(workload.selector.matchLabels);
    expect(variables).toEqual(expect.arrayContaining(Object.keys(env)));
    const least = Number(env.SHUTDOWN_TIMEOUT) + 5_000;
    expect(pod.terminationGracePeriodSeconds * 1_000).toBeGreaterThanOrEqual(least);

    const { scaleTargetRef, metrics } = (autoscaler!.content as unknown as Autoscaler).spec;
    expect(scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: metadata.name });
    const { metric, target } = metrics[0].external;
    expect(target.averageValue).toBe(env.WORKER_COUNT);
    expect(rules!.content).toMatchObject({ groups: [{ rules: [{ record: metric.name }] }] });
  });

  it('probe paths that the controller has', async () => {
    const { ProbesModule } = await blocks.load<{ ProbesModule: Type }>('probes.module.js');
    await withRecipe(ProbesModule, { database: databases.deployments }, async (app) => {
      const { startupProbe, livenessProbe, readinessProbe } = container;
      const get = (probe: Probe) => request(app.getHttpServer()).get(probe.httpGet.path);
      await get(startupProbe).expect(200, { status: 'up' });
      await get(livenessProbe).expect(200, { status: 'up' });
      await get(readinessProbe).expect(200, { status: 'up', waiting: 0 });

      const stats = jest.spyOn(app.get(QueueService), 'getQueueStats').mockRejectedValue(new Error('away'));
      await get(readinessProbe).expect(503);
      await get(livenessProbe).expect(200);
      stats.mockRestore();
    });
  });
});

describe('the checks of manifests', () => {
  it('find what is misspelt, missing or of a wrong type', () => {
    const wrongService = { services: { app: { imag: 'my-app', init: 'yes' } } };
    expect(composeProblems(wrongService).join('\n')).toMatch(/imag/);
    const problemsWith = (fields: object) => {
      const content = structuredClone(deployment!.content) as { spec: object };
      Object.assign(content.spec, fields);
      return kubernetesProblems([{ name: 'wrong', content: { ...content } }]).join('\n');
    };
    expect(problemsWith({ replicas: 'three' })).toMatch(/replicas must be integer/);
    expect(problemsWith({ replica: 3 })).toMatch(/replica.* does not exist/);
    expect(kubernetesProblems([{ name: 'rules', content: rules!.content }])).toEqual([
      'rules: no schema for undefined undefined',
    ]);
  }, 60_000);
});

describe('the program of docs/recipes/pm2.md', () => {
  it('starts, says that it is ready, and stops', async () => {
    const { send } = process;
    const said: unknown[] = [];
    process.send = (message: unknown) => said.push(message) > 0;
    try {
      await withEnvironment({ database: databases.deployments }, async () => {
        const { started } = await pm2.load<{ started: Promise<INestApplicationContext> }>('main.js');
        const app = await started;
        expect(said).toEqual(['ready']);
        expect(await app.get(QueueService).getWorkers()).toHaveLength(1);
        await app.close();
      });
    } finally {
      process.send = send;
    }
  });
});
