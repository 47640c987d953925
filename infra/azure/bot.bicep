// What Teams knows Muster by. Microsoft.BotService 2022-09-15 is the latest generally available version of its types.

@description('The name of the bot\'s registration.')
param name string

@description('https:// and the host where Muster is reached.')
param url string

@description('The application (client) id of the app, or of the managed identity.')
param appId string

@description('What that id is of.')
@allowed(['SingleTenant', 'UserAssignedMSI'])
param appType string

@description('Its tenant.')
param tenantId string

@description('The managed identity; empty where the id is of an app registration.')
param identityId string

@description('Whether Teams reports calls.')
param calls bool

@description('The name of the OAuth connection by which people sign in; empty for none.')
param connection string

@description('The client secret of the app registration, for that connection.')
@secure()
param appPassword string

resource bot 'Microsoft.BotService/botServices@2022-09-15' = {
  name: name
  location: 'global'
  kind: 'azurebot'
  sku: {
    name: 'F0'
  }
  properties: {
    displayName: 'Muster'
    endpoint: '${url}/api/messages'
    msaAppId: appId
    msaAppType: appType
    msaAppTenantId: tenantId
    msaAppMSIResourceId: identityId
  }
}

resource teams 'Microsoft.BotService/botServices/channels@2022-09-15' = {
  parent: bot
  name: 'MsTeamsChannel'
  location: 'global'
  properties: {
    channelName: 'MsTeamsChannel'
    properties: {
      isEnabled: true
      enableCalling: calls
      callingWebhook: calls ? '${url}/api/calls' : ''
    }
  }
}

resource signIn 'Microsoft.BotService/botServices/connections@2022-09-15' = if (!empty(connection)) {
  parent: bot
  name: empty(connection) ? 'none' : connection
  location: 'global'
  properties: {
    serviceProviderDisplayName: 'Azure Active Directory v2'
    serviceProviderId: '30dd229c-58e3-4a48-bdfd-91ec48eb906c'
    clientId: appId
    clientSecret: appPassword
    scopes: 'openid profile offline_access OnlineMeetings.ReadWrite'
    parameters: [
      {
        key: 'tenantId'
        value: tenantId
      }
      {
        key: 'tokenExchangeUrl'
        value: 'api://botid-${appId}'
      }
    ]
  }
}

@description('Where Teams finds Muster.')
output endpoint string = bot.properties.endpoint
