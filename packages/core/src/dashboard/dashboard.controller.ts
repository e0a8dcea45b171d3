import {
  Controller,
  ForbiddenException,
  Get,
  HttpCode,
  Inject,
  Post,
  Req,
  Res,
  UseGuards,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';
import type { ResolvedMount } from './dashboard-options.js';
import { DashboardService } from './dashboard.service.js';
import { queryOf, sendJson, sendText, type HttpRequest, type HttpResponse } from './http/exchange.js';
import { page, pageHeaders } from './http/page.js';
import { foreignOrigin } from './http/same-origin.js';

/**
 * The routes of one mounted dashboard. They answer by themselves, so that interceptors and pipes of the application, which
 * may wrap what controllers return, leave them alone; its guards and exception filters apply.
 */
export function dashboardController({ path, guards }: Pick<ResolvedMount, 'path' | 'guards'>): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseGuards(...guards)
  class DashboardController {
    constructor(@Inject(DashboardService) private readonly dashboard: DashboardService) {}

    @Get()
    page(@Res() response: HttpResponse): void {
      sendText(response, page, pageHeaders);
    }

    @Get('live')
    live(@Req() request: HttpRequest, @Res() response: HttpResponse): void {
      this.dashboard.watch(queryOf(request, 'queue'), response);
    }

    @Get('failures')
    async failures(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
      sendJson(response, await this.dashboard.failures(queryOf(request, 'queue'), queryOf(request, 'from')));
    }

    @Get('task')
    async task(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
      sendJson(response, await this.dashboard.task(queryOf(request, 'queue'), queryOf(request, 'id')));
    }

    @Post('actions')
    @HttpCode(200)
    async act(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
      const refusal = foreignOrigin(request);
      if (refusal !== undefined) throw new ForbiddenException(`Refused: ${refusal}`);
      sendJson(response, await this.dashboard.act(request.body));
    }
  }
  return DashboardController;
}
